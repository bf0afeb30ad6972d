import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Level } from '../../src/analysis/report';
import { matrixReport } from '../runs/reports';
import { ThemeColor, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { HealthDecorations } = await import('../../src/editor/decorations');
const { RunsModel } = await import('../../src/editor/runs-model');

let model: InstanceType<typeof RunsModel>;
let decorations: InstanceType<typeof HealthDecorations>;
let changed: string[][];
beforeEach(() => {
  model = new RunsModel();
  decorations = new HealthDecorations(model);
  changed = [];
  decorations.onDidChangeFileDecorations((uris) => changed.push(uris.map(({ path }) => path)));
});
const run = '/work/runs/exp1';
const file = `${run}/generation-2/embeddings.npy`;

function accept(level: Level): void {
  model.accept({ kind: 'changed', run, report: runReport({ level }) });
}
const badge = (path: string) => decorations.provideFileDecoration(Uri.file(path) as never)?.badge;

describe('badges in the Explorer', () => {
  it.each<[Level, string, string, string]>([
    ['watch', 'W', 'Sigma: Worth watching', 'sigma.watchForeground'],
    ['collapsing', '↓', 'Sigma: Collapsing', 'sigma.collapsingForeground'],
    ['collapsed', '↓↓', 'Sigma: Collapsed', 'sigma.collapsedForeground'],
    ['broken', '!', 'Sigma: Broken numbers', 'sigma.brokenForeground'],
  ])('at the level %s stand on the run, its checkpoint and the file, and go no further', (level, text, tooltip, colour) => {
    accept(level);
    for (const path of [run, `${run}/generation-2`, file]) {
      expect(decorations.provideFileDecoration(Uri.file(path) as never)).toEqual({
        badge: text,
        tooltip,
        color: new ThemeColor(colour),
        propagate: false,
      });
    }
    for (const path of ['/work/runs', `${run}/generation-1`, `${run}/generation-1/embeddings.npy`, `${run}/x`])
      expect(badge(path)).toBeUndefined();
    expect(decorations.provideFileDecoration(Uri.from({ scheme: 'git', path: run }) as never)).toBeUndefined();
  });

  it.each<Level>(['healthy', 'unknown'])('are none at the level %s', (level) => {
    accept(level);
    expect(badge(run)).toBeUndefined();
    expect(changed).toEqual([]);
  });

  it('are asked for again where they have changed, and nowhere else', () => {
    accept('collapsing');
    const all = [run, file, `${run}/generation-2`];
    expect(changed.map((paths) => paths.toSorted())).toEqual([all.toSorted()]);
    accept('collapsing');
    expect(changed).toHaveLength(1);
    accept('healthy');
    expect(changed[1]!.toSorted()).toEqual(all.toSorted());
    expect(badge(run)).toBeUndefined();
  });

  it('are none on a muted run, and come back', () => {
    accept('collapsed');
    model.mute(run, true);
    expect([badge(run), badge(file)]).toEqual([undefined, undefined]);
    model.mute(run, false);
    expect(badge(file)).toBe('↓↓');
  });

  it('say of a file what its own numbers say, and of a folder of several checkpoints the worst', () => {
    const report = runReport({ level: 'collapsing' });
    const at = (name: string, level: Level) => {
      const matrix = matrixReport({ file: name, level });
      return { ...matrix, report: { ...matrix.report, source: { ...matrix.report.source, path: `${run}/checkpoints/${name}` } } };
    };
    const [a, b] = report.checkpoints;
    const checkpoints = [
      { ...a!, level: 'broken' as const, matrices: [at('a.ckpt', 'broken')] },
      { ...b!, level: 'watch' as const, matrices: [at('b.ckpt', 'healthy'), at('c.ckpt', 'collapsed')] },
    ];
    model.accept({ kind: 'changed', run, report: { ...report, checkpoints } });
    expect(['a.ckpt', 'b.ckpt', 'c.ckpt'].map((name) => badge(`${run}/checkpoints/${name}`))).toEqual(['!', 'W', '↓↓']);
    expect(badge(`${run}/checkpoints`)).toBe('!');
    expect(badge(run)).toBe('↓');
  });
});
