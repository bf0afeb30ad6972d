import { expect, it } from 'vitest';
import { type RunChange, RunReceiver, RunSender } from '../../src/engine/run-changes';
import { judgeRun } from '../../src/runs/judge-run';
import type { AnalyzedCheckpoint, RunReport } from '../../src/runs/run-report';
import { checkpoint, run } from '../runs/reports';

function reportOf(checkpoints: readonly AnalyzedCheckpoint[], path = '/run'): RunReport {
  const judgement = judgeRun(checkpoints, { baseline: null, controls: [] });
  return { schema: 'sigma.run/1', path, layout: 'plain', recognised: 'A plain folder.', missing: [], ...judgement };
}

/** What the other process has of it. */
const travelled = (change: RunChange): RunChange => structuredClone(change);
const sentAnew = ({ checkpoints }: RunChange) => checkpoints.filter(({ matrices }) => matrices !== null).map(({ name }) => name);

it('each report travels once, and the whole run arrives', () => {
  const sender = new RunSender();
  const receiver = new RunReceiver();
  const checkpoints = run([{}, {}, {}]);
  const first = sender.change(reportOf(checkpoints.slice(0, 2)));
  expect(sentAnew(first)).toEqual(['generation-0', 'generation-1']);
  expect(receiver.report(travelled(first))).toEqual(reportOf(checkpoints.slice(0, 2)));
  const second = sender.change(reportOf(checkpoints));
  expect(sentAnew(second)).toEqual(['generation-2']);
  expect(receiver.report(travelled(second))).toEqual(reportOf(checkpoints));

  const overwritten = [checkpoints[0]!, checkpoint(1, [{ effectiveRank: 2 }]), checkpoints[2]!];
  const third = sender.change(reportOf(overwritten));
  expect(sentAnew(third)).toEqual(['generation-1']);
  expect(receiver.report(travelled(third))).toEqual(reportOf(overwritten));
});

it('runs are told apart, and one that has ended is sent whole when it comes again', () => {
  const sender = new RunSender();
  const receiver = new RunReceiver();
  const checkpoints = run([{}, {}]);
  for (const path of ['/a', '/b']) {
    const change = sender.change(reportOf(checkpoints, path));
    expect(sentAnew(change)).toHaveLength(2);
    expect(receiver.report(travelled(change)).path).toBe(path);
  }
  sender.forget('/a');
  receiver.forget('/a');
  expect(sentAnew(sender.change(reportOf(checkpoints, '/a')))).toHaveLength(2);
  expect(sentAnew(sender.change(reportOf(checkpoints, '/b')))).toEqual([]);
});
