import { describe, expect, it } from 'vitest';
import type { SpectralReport } from '../../src/analysis/report';
import { Progress } from '../../src/engine/progress';
import type { AnalyzeUpdate } from '../../src/engine/protocol';

function recorded() {
  const sent: AnalyzeUpdate[] = [];
  const clock = { time: 0 };
  return {
    sent,
    clock,
    progress: new Progress(
      (update) => sent.push(update),
      () => clock.time,
    ),
  };
}

describe('Progress', () => {
  it('sends the first step at once and at most 20 a second after it', () => {
    const { sent, clock, progress } = recorded();
    for (; clock.time < 1000; clock.time++) progress.step(clock.time / 1000, 'Reading');
    expect(sent[0]).toEqual({ fraction: 0, stage: 'Reading', report: null });
    expect(sent).toHaveLength(20);
  });

  it('sends a step that came too early when its time has come', () => {
    const { sent, clock, progress } = recorded();
    progress.step(0.1, 'Reading');
    progress.step(0.2, 'Computing eigenvalues');
    progress.poll();
    expect(sent).toHaveLength(1);
    clock.time = 50;
    progress.poll();
    progress.poll();
    expect(sent.slice(1)).toEqual([{ fraction: 0.2, stage: 'Computing eigenvalues', report: null }]);
  });

  it('passes every report at once, with the latest step', () => {
    const { sent, progress } = recorded();
    const reports = [{ schema: 'a' }, { schema: 'b' }] as unknown as SpectralReport[];
    progress.step(0.1, 'Reading');
    progress.step(0.2, 'Reading more');
    for (const report of reports) progress.report(report);
    expect(sent.slice(1)).toEqual(reports.map((report) => ({ fraction: 0.2, stage: 'Reading more', report })));
  });

  it('never lets the fraction fall', () => {
    const { sent, clock, progress } = recorded();
    for (const fraction of [0.1, 0.5, 0.3, 0.6]) {
      progress.step(fraction, 'Reading');
      clock.time += 100;
    }
    expect(sent.map((update) => update.fraction)).toEqual([0.1, 0.5, 0.5, 0.6]);
  });
});
