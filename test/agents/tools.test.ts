import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compareModelHealth, getModelHealth } from '../../src/agents/tools';
import { EngineError, ErrorCode } from '../../src/engine/protocol';
import { sampleReport, weightReport } from '../cli/sample-report';
import { runReport } from '../editor/run-reports';
import { comparison } from '../words/comparisons';
import { fakeSource, toolCall } from './fake-source';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'sigma-tools-')));
const at = (path: string) => join(root, path);
for (const path of ['run', 'checkpoint', 'several', 'empty']) mkdirSync(at(path));
for (const path of ['a.npy', 'b.npy', 'c.npy', 'model.safetensors', 'checkpoint/model.safetensors', 'several/x.npy', 'several/y.npy'])
  writeFileSync(at(path), '');
afterAll(() => rmSync(root, { recursive: true }));

const MODEL = at('model.safetensors');
const LAYERS = Array.from({ length: 13 }, (_, i) => `layer.${i}.weight`);
const source = () =>
  fakeSource({
    matrices: { [MODEL]: LAYERS },
    columns: { [at('c.npy')]: 8 },
    runs: { [at('run')]: runReport({ path: at('run'), level: 'collapsing' }) },
    place: { run: root, name: 'checkpoint-100', step: 100 },
    report: (_, tensor) => (tensor === '' ? sampleReport() : weightReport(tensor, tensor === 'layer.7.weight' ? 'broken' : 'healthy', 30)),
    comparison: () => comparison(),
  });
const health = (input: unknown, from = source()) => getModelHealth(input, toolCall(from, [root]));
const compared = (input: unknown, from = source()) => compareModelHealth(input, toolCall(from, [root]));

describe('get_model_health', () => {
  it('gives the only matrix of a file in full, with the step to which it belongs', async () => {
    const answer = await health({ path: 'a.npy' });
    expect(answer).toMatchObject({ kind: 'matrix', tensor: null, checkpoint: { step: 100 }, rows: { read: 1000, total: 1000 } });
    expect(answer.verdict).toMatchObject({ level: 'healthy', words: 'Healthy', whatToDo: ['Nothing needs doing.'] });
    const rank = answer.kind === 'matrix' && answer.quantities.find(({ id }) => id === 'participationRatio');
    expect(rank).toMatchObject({ value: 13.25, unit: 'directions', of: 100, exact: false, intervals: [{ lower: 12.5, confidence: 0.95 }] });
  });

  it('gives the worst ten of several matrices, and says how many more there are', async () => {
    const answer = await health({ path: 'model.safetensors' });
    if (answer.kind !== 'file') throw new Error(answer.kind);
    expect(answer).toMatchObject({ matrices: 13, more: 3, verdict: { level: 'broken' } });
    expect(answer.worst).toHaveLength(10);
    expect(answer.worst[0]).toMatchObject({ tensor: 'layer.7.weight', level: 'broken', effectiveRank: 30 });
  });

  it('gives one of several matrices by its name', async () => {
    const from = source();
    expect(await health({ path: 'model.safetensors', tensor: 'layer.3.weight' }, from)).toMatchObject({
      kind: 'matrix',
      tensor: 'layer.3.weight',
    });
    expect(from.asked).toEqual([`analyze ${MODEL} layer.3.weight`]);
  });

  it('goes on where one matrix is unsound', async () => {
    const from = source();
    const analyze = from.analyze;
    from.analyze = (place, watch) =>
      place.tensor === 'layer.2.weight' ? Promise.reject(new EngineError(ErrorCode.format, 'It ends early.')) : analyze(place, watch);
    expect(await health({ path: 'model.safetensors' }, from)).toMatchObject({ matrices: 12, failed: ['It ends early.'] });
  });

  it('judges the folder of a run', async () => {
    const answer = await health({ path: 'run' });
    expect(answer).toMatchObject({ kind: 'run', baseline: 'generation-0', newest: { name: 'generation-2', step: 2 }, leftOut: 0 });
    expect(answer.verdict.level).toBe('collapsing');
  });

  it('takes the file of a checkpoint that is no run', async () => {
    const from = source();
    expect(await health({ path: 'checkpoint' }, from)).toMatchObject({ kind: 'matrix' });
    expect(from.asked).toEqual([`run ${at('checkpoint')}`, `analyze ${at('checkpoint/model.safetensors')}`]);
  });

  it.each([
    [{ path: 'several' }, /is no run and holds 2 files that can be analysed. Name one: .*x\.npy, .*y\.npy\.$/],
    [{ path: 'empty' }, /This is one checkpoint, not a run\. Ask again with a path that holds checkpoints or embeddings\.$/],
    [
      { path: 'model.safetensors', tensor: 'layer.33.weight' },
      /has no tensor 'layer\.33\.weight'\. The closest names are layer\.3\.weight/,
    ],
    [{ path: 'a.npy', tensor: 'x' }, /holds one unnamed matrix\. Ask again without tensor\.$/],
    [{ path: 'run', tensor: 'x' }, /has no tensor 'x'\. The closest names are/],
    [{}, /^get_model_health: path: /],
    [{ path: 'a.npy', rows: 3 }, /^get_model_health: rows: /],
  ])('says of %j what to do next', async (input, sentence) => {
    await expect(health(input)).rejects.toThrow(sentence);
  });

  it('says of an unsound file what to do next, and leaves a cancellation what it is', async () => {
    const from = source();
    from.inspect = () => Promise.reject(new EngineError(ErrorCode.format, 'a.npy: it ends early.'));
    await expect(health({ path: 'a.npy' }, from)).rejects.toThrow(/^a\.npy: it ends early\. Name another file/);
    const cancelled = toolCall(source(), [root], { signal: AbortSignal.abort() });
    await expect(getModelHealth({ path: 'a.npy' }, cancelled)).rejects.toMatchObject({ code: ErrorCode.cancelled });
  });

  it('tells how far it is over all matrices', async () => {
    const told: [number, string][] = [];
    await getModelHealth({ path: 'model.safetensors' }, toolCall(source(), [root], { progress: (...step) => told.push(step) }));
    expect(told[0]).toEqual([0.5 / 13, '1 of 13: Reading']);
    expect(told.at(-1)).toEqual([12.5 / 13, '13 of 13: Reading']);
  });
});

describe('compare_model_health', () => {
  it('compares each with the first', async () => {
    const from = source();
    const answer = await compared({ paths: ['a.npy', 'b.npy', at('several/x.npy')] }, from);
    expect(from.asked).toEqual([`compare ${at('a.npy')} ${at('b.npy')}`, `compare ${at('a.npy')} ${at('several/x.npy')}`]);
    expect(answer.baseline).toMatchObject({ letter: 'A', checkpoint: { step: 100 } });
    expect(answer.others.map(({ letter, finding }) => [letter, finding])).toEqual([
      ['B', 'narrower'],
      ['C', 'narrower'],
    ]);
    expect(answer.others[0]!.changes[0]).toMatchObject({ id: 'effectiveRank', baseline: { value: 54 }, other: { value: 31 }, change: -23 });
  });

  it.each([
    [{ paths: ['a.npy', 'c.npy'] }, /has 4 columns and .*c\.npy has 8: .* Name other files\.$/],
    [{ paths: ['model.safetensors', 'a.npy'] }, /holds 13 matrices\. Name one with tensor, e\.g\. layer\.0\.weight, .* and 3 more\.$/],
    [{ paths: ['a.npy'] }, /^compare_model_health: paths: /],
    [{ paths: ['a.npy', '../b.npy'] }, /is outside of the folders that may be read/],
  ])('says of %j what to do next', async (input, sentence) => {
    await expect(compared(input)).rejects.toThrow(sentence);
  });
});
