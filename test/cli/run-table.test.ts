import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/cli/printable';
import { runText } from '../../src/cli/run-table';
import { createStyle } from '../../src/cli/style';
import { judgeRun } from '../../src/runs/judge-run';
import type { AnalyzedCheckpoint, RunReport } from '../../src/runs/run-report';
import { checkpoint, type Facts, run } from '../runs/reports';

const plain = createStyle(false);

function report(checkpoints: readonly AnalyzedCheckpoint[], baseline: string | null = null): RunReport {
  return {
    schema: 'sigma.run/1',
    path: 'out/run',
    layout: 'plain-folder',
    recognised: 'Numbered folders.',
    missing: ['notes.npy lies beside the checkpoints and is left aside.'],
    ...judgeRun(checkpoints, { baseline, controls: [] }),
  };
}

const text = (checkpoints: readonly AnalyzedCheckpoint[], width = 120) => runText(report(checkpoints), plain, width);

const losing = (length: number): Facts[] =>
  Array.from({ length }, (_, k) => ({ shape: -70 - 12 * k, effectiveRank: 37 * 0.92 ** k, logScale: -1.8 + 0.002 * (k % 2) }));

describe('a run for a person', () => {
  it('says the verdict first, then why, since when and where to', () => {
    const lines = text(run(losing(6))).split('\n');
    expect(lines[0]).toBe('▼ Collapsing  out/run');
    const words = lines.join(' ').replaceAll(/\s+/g, ' ');
    expect(words).toContain(`out/run ${report(run(losing(6))).reasons[0]!.message}`);
    expect(words).toContain('Onset generation-1, the first that does not fit the baseline generation-0');
    expect(words).toMatch(/Alarm generation-\d, where that was certain/);
    expect(words).toMatch(/Forecast effective rank is forecast to fall below 18\.50, half of the baseline's, at step \d+, between/);
    expect(words).toContain('Next Go back to the last healthy checkpoint');
    expect(words).toMatch(/Effective rank [▁-█]{6} 37 to 24\.39 \(−34 %\)/);
  });

  it('has a line per checkpoint with its drift and evidence', () => {
    const lines = text(run(losing(6))).split('\n');
    expect(lines).toContainEqual(
      expect.stringMatching(/^Checkpoint +Level +Effective rank +Shape +Log scale +Participation ratio +dU +Evidence$/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^generation-0 +baseline +37 +−70 +−1\.800 +13$/));
    expect(lines).toContainEqual(
      expect.stringMatching(/^generation-5 +▼ collapsing +24\.39 +−130 +−1\.798 +13 +−59\.80 +(\d[\d,.]*|>10⁶)$/),
    );
    expect(text(run(losing(6)), 80)).toMatch(/^Checkpoint +Level +Eff\. rank +Shape +Scale +PR +dU +Evidence$/m);
  });

  it.each([60, 80, 120])('stays within %d columns, but for the table where it cannot be narrower', (width) => {
    const coloured = runText(report(run(losing(12))), createStyle(true), width);
    for (const line of coloured.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(width, 80));
  });

  it('says what was left out in the end', () => {
    const last = text(run(losing(4)))
      .split('\n')
      .slice(-2);
    expect(last).toEqual(['  Numbered folders.', '  notes.npy lies beside the checkpoints and is left aside.']);
  });

  it('shows a long run by its turning points and its end', () => {
    const long = text(run(losing(200)));
    const rows = long.split('\n').filter((line) => line.startsWith('generation-'));
    expect(rows.length).toBeLessThan(30);
    expect(rows[0]).toMatch(/^generation-0 +baseline/);
    expect(rows.at(-1)).toMatch(/^generation-199 /);
    const collapsed = rows.filter((line) => line.includes('collapsed'));
    expect(collapsed[0]).toMatch(/^generation-9 /);
    expect(long.replaceAll(/\s+/g, ' ')).toMatch(/1\d\d more checkpoints in between: --json has all\./);
  });

  it('marks what lies before a pinned baseline', () => {
    const pinned = runText(report(run(losing(5)), 'generation-2'), plain, 100);
    expect(pinned).toMatch(/^generation-1 +before it /m);
    expect(pinned).toMatch(/^generation-2 +baseline /m);
  });

  it('shows weights by what they lost', () => {
    const weights = (k: number) =>
      checkpoint(
        k,
        ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((layer, i) => ({
          file: 'model.safetensors',
          tensor: `h.${layer}.weight`,
          effectiveRank: i === 6 ? 50 : 50 - k * (2 + i),
        })),
      );
    const words = text([weights(0), weights(1), weights(2)]);
    expect(words).toMatch(/^generation-0 +baseline +7$/m);
    expect(words).toMatch(/^generation-2 +◆ watch +7 +72 %$/m);
    const layers = words.split('\n').filter((line) => line.startsWith('h.'));
    expect(layers).toHaveLength(5);
    expect(layers[0]).toMatch(/^h\.f\.weight +50 +36 +−28 %$/);
    expect(words).not.toContain('h.g.weight');
  });

  it('does not list every layer that narrowed', () => {
    const weights = (k: number) =>
      checkpoint(
        k,
        Array.from({ length: 12 }, (_, i) => ({ file: 'model.safetensors', tensor: `h.${i}.weight`, effectiveRank: k === 2 ? 30 : 50 })),
      );
    expect(text([weights(0), weights(1), weights(2)])).toContain('  And 7 more findings: --json has all.');
  });

  it('says that there is nothing yet, and does not invent what is missing', () => {
    expect(text([])).toBe(
      '? Not enough evidence  out/run\n  No checkpoint has been analysed yet.\n\n  Numbered folders.\n  notes.npy lies beside the checkpoints and is left aside.',
    );
    expect(text([checkpoint(0, [{ empty: true, level: 'broken' }])])).toContain('n/a');
  });

  it('lets no name control the terminal', () => {
    const hostile = run(losing(3)).map((c, i) => ({ ...c, name: `\u001b]0;owned\u0007${i}` }));
    expect(text(hostile)).not.toContain('\u001b');
  });
});
