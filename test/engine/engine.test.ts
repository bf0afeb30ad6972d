import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { Engine } from '../../src/engine/engine';
import { type AnalyzeUpdate, EngineError, ErrorCode, type Priority } from '../../src/engine/protocol';

let engine: Engine;
beforeEach(() => {
  engine = new Engine(join(__dirname, 'scripted-worker.cjs'));
});
afterEach(() => engine.close());

function analyze(
  path: string,
  priority: Priority = 'visible',
  signal = new AbortController().signal,
  onUpdate: (update: AnalyzeUpdate) => void = () => {},
) {
  return engine.analyze({ path, tensor: '', options: DEFAULT_OPTIONS, priority }, signal, onUpdate);
}

/** Occupies the computation; resolves when it does. */
async function occupy() {
  const cancelling = new AbortController();
  let done!: Promise<unknown>;
  await new Promise<void>((begun) => {
    done = analyze('compute until cancelled', 'visible', cancelling.signal, () => begun()).catch((error) => error);
  });
  return {
    release: async () => {
      cancelling.abort(EngineError.cancelled());
      expect(await done).toMatchObject({ code: ErrorCode.cancelled });
    },
  };
}

/** Enqueues an analysis; resolves when it waits. */
async function waiting(path: string, priority: Priority, signal?: AbortSignal) {
  let done!: ReturnType<typeof analyze>;
  await new Promise<void>((waits) => {
    done = analyze(path, priority, signal, (update) => update.stage.startsWith('Waiting') && waits());
  });
  return { done };
}

describe('Engine', () => {
  it('analyses what is on screen first', async () => {
    const running = await occupy();
    const later = await waiting('background', 'background');
    const sooner = await waiting('visible', 'visible');
    await running.release();
    const reports = await Promise.all([sooner.done, later.done]);
    expect(reports.map((report) => report.timings.analysed)).toEqual([1, 2]);
  });

  it('never starts a job that is cancelled while it waits', async () => {
    const running = await occupy();
    const cancelling = new AbortController();
    const cancelled = await waiting('cancelled', 'visible', cancelling.signal);
    const next = await waiting('next', 'visible');
    cancelling.abort(EngineError.cancelled());
    await expect(cancelled.done).rejects.toMatchObject({ code: ErrorCode.cancelled });
    await running.release();
    expect((await next.done).timings.analysed).toBe(1);
  });

  it('has the analysis of a checkpoint give way to what is on screen, in the middle of a matrix', async () => {
    const checkpoint = engine.analyzeCheckpoint({} as never, new AbortController().signal);
    // Each in a thread of its own.
    expect((await analyze('visible')).timings.analysed).toBe(1);
    expect((await checkpoint).checkpoint.name).toBe('attempt 2');
  });

  it('computes the same thing once', async () => {
    const first = await analyze('a');
    expect(await analyze('a')).toBe(first);
    expect((await analyze('b')).timings.analysed).toBe(2);
  });

  it('computes once what is asked for twice while it waits', async () => {
    const running = await occupy();
    const first = await waiting('a', 'visible');
    const second = await waiting('a', 'visible');
    await running.release();
    expect(await second.done).toBe(await first.done);
  });

  it('compares what is known without computing it again, and knows what it computed for that', async () => {
    const place = (path: string) => ({ path, tensor: '' });
    const compare = (a: string, b: string) =>
      engine.compare({ a: place(a), b: place(b), options: DEFAULT_OPTIONS, priority: 'visible' }, new AbortController().signal, () => {});
    await analyze('a');
    const { a, b } = await compare('a', 'b');
    expect([a, b].map(({ timings }) => timings.analysed)).toEqual([1, 2]);
    expect((await compare('b', 'c')).a.timings.analysed).toBe(2);
    expect((await analyze('c')).timings.analysed).toBe(3);
  });

  it('lets a comparison wait its turn, and stop while it waits', async () => {
    const running = await occupy();
    const cancelling = new AbortController();
    let compared!: Promise<unknown>;
    await new Promise<void>((waits) => {
      const job = { a: { path: 'a', tensor: '' }, b: { path: 'b', tensor: '' }, options: DEFAULT_OPTIONS, priority: 'visible' } as const;
      compared = engine.compare(job, cancelling.signal, ({ stage }) => stage.startsWith('Waiting') && waits()).catch((error) => error);
    });
    cancelling.abort(EngineError.cancelled());
    expect(await compared).toMatchObject({ code: ErrorCode.cancelled });
    await running.release();
    expect((await analyze('a')).timings.analysed).toBe(1);
  });

  it('answers what it knows and opens files while it computes', async () => {
    const known = await analyze('a');
    const running = await occupy();
    expect(await analyze('a')).toBe(known);
    expect(await engine.inspect({ path: 'b' }, new AbortController().signal)).toEqual({ path: 'b' });
    expect(await engine.doctor(new AbortController().signal)).toEqual([]);
    await running.release();
  });
});
