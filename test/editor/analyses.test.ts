import { beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineError, ErrorCode } from '../../src/engine/protocol';

vi.mock('vscode', () => import('./fake-vscode'));
const { Analyses } = await import('../../src/editor/analyses');

interface Call {
  readonly path: string;
  readonly signal: AbortSignal;
  finish(): void;
}
let calls: Call[];
let analyses: InstanceType<typeof Analyses>;
const changed = vi.fn();
beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  changed.mockClear();
  const analyze = ({ path }: { path: string }, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      calls.push({ path, signal, finish: () => resolve({ path }) });
      signal.addEventListener('abort', () => reject(EngineError.cancelled()));
    });
  const compare = ({ b }: { b: { path: string } }, watch: { signal: AbortSignal }) => analyze(b, watch);
  analyses = new Analyses({ analyze, compare, inspect: async (path: string) => ({ path }) } as never);
  analyses.onDidChange(changed);
  return () => vi.useRealTimers();
});
const start = (path: string, signal?: AbortSignal) => analyses.analyze({ path } as never, { signal });

describe('Analyses', () => {
  it('knows those that take a while, oldest first, until they end', async () => {
    const quick = start('/quick');
    calls[0]!.finish();
    expect(await quick).toEqual({ path: '/quick' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(changed).not.toHaveBeenCalled();
    const [a, b] = [start('/a'), start('/b')];
    await vi.advanceTimersByTimeAsync(1000);
    expect(analyses.running).toEqual(['/a', '/b']);
    calls[1]!.finish();
    await a;
    expect(analyses.running).toEqual(['/b']);
    expect(changed).toHaveBeenCalledTimes(3);
    calls[2]!.finish();
    await b;
    expect(analyses.running).toEqual([]);
  });

  it('ends all of them, and each also by its own signal', async () => {
    const own = new AbortController();
    const ended = ['/a', '/b'].map((path) => start(path, own.signal).catch(({ code }: EngineError) => code));
    await vi.advanceTimersByTimeAsync(1000);
    analyses.cancel();
    expect(await Promise.all(ended)).toEqual([ErrorCode.cancelled, ErrorCode.cancelled]);
    expect(own.signal.aborted).toBe(false);
    expect(analyses.running).toEqual([]);
    const third = start('/c', own.signal).catch(({ code }: EngineError) => code);
    own.abort();
    expect(await third).toBe(ErrorCode.cancelled);
  });

  it('takes a comparison for an analysis of the file that is compared', async () => {
    const compared = analyses.compare({ a: { path: '/a' }, b: { path: '/b' } } as never).catch(({ code }: EngineError) => code);
    await vi.advanceTimersByTimeAsync(1000);
    expect(analyses.running).toEqual(['/b']);
    analyses.cancel();
    expect(await compared).toBe(ErrorCode.cancelled);
  });

  it('leaves the inspection of a file as it is', async () => {
    expect(await analyses.inspect('/a')).toEqual({ path: '/a' });
  });
});
