import { expect, it } from 'vitest';
import { type RunChange, RunReceiver, RunSender, type SentReports } from '../../src/engine/run-changes';
import { judgeRun } from '../../src/runs/judge-run';
import { plainReport } from '../../src/runs/packed-reports';
import type { AnalyzedCheckpoint, RunReport } from '../../src/runs/run-report';
import { checkpoint, run } from '../runs/reports';

function reportOf(checkpoints: readonly AnalyzedCheckpoint[], path = '/run'): RunReport {
  const judgement = judgeRun(checkpoints, { baseline: null, controls: [] });
  return { schema: 'sigma.run/1', path, layout: 'plain', recognised: 'A plain folder.', missing: [], ...judgement };
}

interface Sent {
  readonly reports: readonly SentReports[];
  readonly change: RunChange;
}

/** What the other process makes of it. */
function arrived(receiver: RunReceiver, sent: Sent): RunReport {
  const { reports, change } = structuredClone(sent);
  for (const part of reports) receiver.take(part);
  return receiver.report(change);
}

/** With all members as their own. */
function plain({ checkpoints, ...report }: RunReport): RunReport {
  const whole = checkpoints.map(({ matrices, ...rest }) => ({
    ...rest,
    matrices: matrices.map(({ file, report }) => ({ file, report: plainReport(report) })),
  }));
  return { ...report, checkpoints: whole };
}

const sentAnew = ({ reports }: Sent) => reports.map(({ checkpoint }) => checkpoint);
const again = ({ change }: Sent) => change.checkpoints.map((sent) => (typeof sent === 'number' ? sent : sent.name));

it('each report travels once, each checkpoint again only when something is new to it, and the whole run arrives', () => {
  const sender = new RunSender();
  const receiver = new RunReceiver();
  const checkpoints = run([{}, {}, {}, {}]);
  const first = sender.change(reportOf(checkpoints.slice(0, 3)));
  expect(sentAnew(first)).toEqual(['generation-0', 'generation-1', 'generation-2']);
  const before = arrived(receiver, first);
  expect(plain(before)).toEqual(reportOf(checkpoints.slice(0, 3)));
  const second = sender.change(reportOf(checkpoints));
  expect(sentAnew(second)).toEqual(['generation-3']);
  expect(again(second)).toEqual([0, 1, 2, 'generation-3']);
  const after = arrived(receiver, second);
  expect(plain(after)).toEqual(reportOf(checkpoints));
  expect(after.checkpoints[1]).toBe(before.checkpoints[1]);

  const overwritten = [checkpoints[0]!, checkpoint(1, [{ effectiveRank: 2, logScale: -9 }]), checkpoints[3]!];
  const third = sender.change(reportOf(overwritten));
  expect(sentAnew(third)).toEqual(['generation-1']);
  expect(plain(arrived(receiver, third))).toEqual(reportOf(overwritten));
});

it('a checkpoint of many matrices travels in parts', () => {
  const sender = new RunSender();
  const tensors = Array.from({ length: 600 }, (_, i) => ({ tensor: `layers.${i}.weight`, effectiveRank: i }));
  const report = reportOf([checkpoint(0, tensors)]);
  const sent = sender.change(report);
  expect(sent.reports.map(({ from, reports }) => [from, reports.rows.length])).toEqual([
    [0, 256],
    [256, 256],
    [512, 88],
  ]);
  expect(plain(arrived(new RunReceiver(), sent))).toEqual(report);
});

it('runs are told apart, and one that has ended is sent whole when it comes again', () => {
  const sender = new RunSender();
  const receiver = new RunReceiver();
  const checkpoints = run([{}, {}]);
  for (const path of ['/a', '/b']) {
    const sent = sender.change(reportOf(checkpoints, path));
    expect(sentAnew(sent)).toHaveLength(2);
    expect(arrived(receiver, sent).path).toBe(path);
  }
  sender.forget('/a');
  receiver.forget('/a');
  expect(sentAnew(sender.change(reportOf(checkpoints, '/a')))).toHaveLength(2);
  expect(sentAnew(sender.change(reportOf(checkpoints, '/b')))).toEqual([]);
});
