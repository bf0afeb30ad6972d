import { describe, expect, it } from 'vitest';
import { judgeRun } from '../../src/runs/judge-run';
import { normal, uniform } from '../../src/spectral/random';
import { checkpoint, type Facts, run } from './reports';

const ALONE = { baseline: null, controls: [] };
const codes = (judgement: ReturnType<typeof judgeRun>) => judgement.reasons.map(({ code }) => code);

/** Healthy checkpoints that vary as the controls of real recursive training do. */
function healthy(length: number, seed: number): Facts[] {
  const random = normal(uniform(seed));
  return Array.from({ length }, () => ({
    logScale: -1.8 + 0.036 * random(),
    shape: -70 + 1.9 * random(),
    participationRatio: 13 * Math.exp(0.055 * random()),
    effectiveRank: 37 + 1.2 * random(),
  }));
}

describe('judgeRun', () => {
  it('says nothing of a run that has hardly begun, and how much more it needs', () => {
    expect(judgeRun([], ALONE)).toMatchObject({ level: 'unknown', baseline: null, onset: null, alarm: null, checkpoints: [] });
    const two = judgeRun(run(healthy(2, 1)), ALONE);
    expect(two.level).toBe('unknown');
    expect(two.reasons[0].message).toBe('Needs 1 more checkpoint before anything can be said of the run.');
  });

  it('calls a run healthy that varies as healthy runs do', () => {
    let alarms = 0;
    for (let seed = 0; seed < 100; seed++) {
      const judgement = judgeRun(run(healthy(20, seed)), ALONE);
      if (judgement.alarm !== null) alarms++;
      else if (judgement.level === 'healthy') expect(codes(judgement)).toEqual(['steady']);
    }
    // 20 checkpoints at one false alarm in 100 or fewer.
    expect(alarms).toBeLessThan(20);
  });

  it('sees directions being lost while the scale grows, though the log-determinant stays where it is', () => {
    const facts = healthy(12, 3).map((f, k) =>
      k < 4 ? f : { ...f, shape: f.shape! - 10 * (k - 3), logScale: f.logScale! + 0.1 * (k - 3), effectiveRank: 37 * 0.95 ** (k - 3) },
    );
    const judgement = judgeRun(run(facts), ALONE);
    expect(judgement.level).toBe('collapsing');
    expect(judgement.kinds).toContain('lost-directions');
    expect(judgement.kinds).not.toContain('degenerate-growth');
    expect(judgement.onset!.step).toBe(4);
    expect(judgement.alarm!.step).toBeGreaterThanOrEqual(4);
    expect(judgement.alarm!.step).toBeLessThanOrEqual(6);
    expect(judgement.checkpoints[3].level).toBe('healthy');
    expect(judgement.checkpoints[11].drift.shape.value).toBeLessThan(-60);
    expect(judgement.checkpoints[11].drift.shape.evidence).toBeGreaterThan(100);
    expect(judgement.forecast).toMatchObject({ quantity: 'effectiveRank' });
    const { lower, step, upper } = judgement.forecast!;
    expect(lower).toBeLessThan(step);
    expect(step).toBeLessThan(upper);
    expect(lower).toBeGreaterThan(11);
  });

  it('calls a run collapsed once half of its effective rank is gone', () => {
    const facts = healthy(10, 4).map((f, k) => ({ ...f, shape: f.shape! - 20 * k, effectiveRank: 37 * 0.85 ** k }));
    const judgement = judgeRun(run(facts), ALONE);
    expect(judgement.level).toBe('collapsed');
    expect(judgement.checkpoints.map(({ level }) => level).indexOf('collapsed')).toBe(5);
    expect(judgement.forecast).toBeNull();
  });

  it('names contraction, and growth the other way', () => {
    const contracting = judgeRun(run(healthy(10, 5).map((f, k) => ({ ...f, logScale: f.logScale! - 0.15 * k }))), ALONE);
    expect(contracting).toMatchObject({ level: 'collapsing', kinds: ['contraction'] });
    const growing = judgeRun(
      run(healthy(10, 6).map((f, k) => ({ ...f, shape: f.shape! + 6 * k, participationRatio: f.participationRatio! * 1.1 ** k }))),
      ALONE,
    );
    expect(growing).toMatchObject({ level: 'watch', kinds: ['degenerate-growth'] });
    expect(growing.alarm).not.toBeNull();
  });

  it('tells repeated rows, which no spectrum shows', () => {
    const facts = healthy(5, 7).map((f, k) => ({ ...f, distinctRowRatio: k < 4 ? 1 : 0.9 }));
    const judgement = judgeRun(run(facts), ALONE);
    expect(judgement).toMatchObject({ level: 'watch', kinds: ['duplicates'], alarm: null });
  });

  it('tells broken numbers, and goes on after them', () => {
    const facts = healthy(6, 8);
    facts[3] = { empty: true, level: 'broken' };
    const judgement = judgeRun(run(facts), ALONE);
    expect(judgement.checkpoints[3]).toMatchObject({ level: 'broken', drift: {} });
    expect(judgement.checkpoints[5].level).toBe('healthy');
    expect(Object.keys(judgement.checkpoints[5].drift)).toEqual(['logScale', 'shape', 'participationRatio', 'U_cov']);
    expect(judgeRun(run(facts.slice(0, 4)), ALONE)).toMatchObject({ level: 'broken', kinds: ['broken'] });
  });

  it('does not blame the run for what its baseline already was', () => {
    const facts = healthy(4, 9).map((f) => ({ ...f, level: 'collapsed' as const }));
    expect(judgeRun(run(facts), ALONE).level).toBe('healthy');
  });

  it('compares with the checkpoint that is pinned', () => {
    const facts = healthy(8, 10).map((f, k) => (k < 3 ? { ...f, shape: -200 } : f));
    const judgement = judgeRun(run(facts), { baseline: 'generation-3', controls: [] });
    expect(judgement).toMatchObject({ level: 'healthy', baseline: 'generation-3' });
    expect(judgement.checkpoints).toHaveLength(8);
    expect(judgement.checkpoints[0].level).toBe('unknown');
    expect(() => judgeRun(run(facts), { baseline: 'generation-9', controls: [] })).toThrow("no checkpoint 'generation-9'");
  });

  it('detects sooner with controls that say how little healthy checkpoints vary', () => {
    const drifting = run(healthy(10, 11).map((f, k) => ({ ...f, shape: f.shape! - 3 * k })));
    const alone = judgeRun(drifting, ALONE).alarm!.step;
    const quiet = run(healthy(20, 12).map((f) => ({ ...f, shape: -70 + 0.2 * (f.shape! + 70) })));
    expect(judgeRun(drifting, { baseline: null, controls: [quiet] }).alarm!.step).toBeLessThan(alone);
  });

  it('judges weights by what is left of their effective rank, and no drift of theirs', () => {
    const weight = (effectiveRank: number, shape = -70): Facts => ({
      file: 'model.safetensors',
      tensor: 'h.0.weight',
      effectiveRank,
      shape,
    });
    const steady = [40, 39, 38, 37].map((rank, k) => checkpoint(k, [weight(rank, -70 - 30 * k)]));
    expect(judgeRun(steady, ALONE)).toMatchObject({ level: 'healthy', alarm: null });
    expect(codes(judgeRun(steady, ALONE))).toEqual(['weights-only']);
    const narrowing = [40, 38, 30, 15].map((rank, k) => checkpoint(k, [weight(rank)]));
    const judgement = judgeRun(narrowing, ALONE);
    expect(judgement.checkpoints.map(({ level }) => level)).toEqual(['unknown', 'unknown', 'watch', 'collapsed']);
    expect(judgement.reasons[0].message).toBe("model.safetensors, h.0.weight: its effective rank is 37.5 % of the baseline's.");
  });

  it('lists findings of one level by what is lost, the most first', () => {
    const weights = (ranks: readonly number[]) =>
      ranks.map((effectiveRank, layer): Facts => ({ file: 'model.safetensors', tensor: `h.${layer}.weight`, effectiveRank }));
    const checkpoints = [
      [40, 40, 40, 40],
      [39, 39, 39, 39],
      [18, 31, 8, 28],
    ].map((ranks, k) => checkpoint(k, weights(ranks)));
    const told = judgeRun(checkpoints, ALONE).reasons.map(({ message }) => /h\.\d/.exec(message)![0]);
    expect(told).toEqual(['h.2', 'h.0', 'h.3', 'h.1']);
  });

  it('looks at every set of embeddings that all checkpoints have', () => {
    const both = healthy(8, 13).map((f, k) =>
      checkpoint(k, [f, { ...f, file: 'hidden.npy', shape: f.shape! - 12 * k, effectiveRank: 30 - 2 * k }]),
    );
    const judgement = judgeRun(both, ALONE);
    expect(judgement.level).toBe('collapsing');
    expect(judgement.reasons[0].message).toContain('hidden.npy');
    expect(Object.keys(judgement.checkpoints[7].drift)).toContain('hidden.npy#shape');
    const once = [...both.slice(0, 7), checkpoint(7, [healthy(8, 13)[7]])];
    expect(judgeRun(once, ALONE).level).toBe('healthy');
  });
});
