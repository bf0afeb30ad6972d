import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { EngineError, ErrorCode } from '../../src/engine/protocol';
import { WorkerThread } from '../../src/engine/worker-thread';

const script = join(__dirname, 'scripted-worker.cjs');
const threads: WorkerThread[] = [];
afterEach(() => {
  for (const thread of threads.splice(0)) thread.close();
});

function started(heapMegabytes?: number): WorkerThread {
  const thread = new WorkerThread(script, heapMegabytes);
  threads.push(thread);
  return thread;
}

/** @param onStart called when the task has begun */
function analyze(thread: WorkerThread, path: string, signal = new AbortController().signal, onStart?: () => void) {
  return thread.run('analyze', { path, tensor: '', options: DEFAULT_OPTIONS }, signal, onStart);
}

describe('WorkerThread', () => {
  it('answers task after task in one thread', async () => {
    const thread = started();
    await analyze(thread, 'a');
    const { report } = await analyze(thread, 'b');
    expect(report.timings).toEqual({ analysed: 2 });
  });

  it('passes updates on before the result', async () => {
    const updates: unknown[] = [];
    const thread = started();
    await thread.run('analyze', { path: 'a', tensor: '', options: DEFAULT_OPTIONS }, new AbortController().signal, (update) =>
      updates.push(update),
    );
    expect(updates).toEqual([{ fraction: 0, stage: 'started', report: null }]);
  });

  it('turns a failure into an error with its code', async () => {
    await expect(analyze(started(), 'malformed')).rejects.toMatchObject({
      name: 'EngineError',
      code: ErrorCode.format,
      message: 'malformed at byte 3: expected another byte.',
    });
  });

  it('stops computing when cancelled, and the same thread goes on', async () => {
    const thread = started();
    await analyze(thread, 'a');
    const cancelling = new AbortController();
    const reason = EngineError.cancelled();
    await expect(analyze(thread, 'compute until cancelled', cancelling.signal, () => cancelling.abort(reason))).rejects.toBe(reason);
    const { report } = await analyze(thread, 'b');
    expect(report.timings).toEqual({ analysed: 2 });
  });

  it('replaces a thread that does not stop when cancelled', async () => {
    const thread = started();
    const cancelling = new AbortController();
    const reason = EngineError.cancelled();
    await expect(analyze(thread, 'ignore cancellation', cancelling.signal, () => cancelling.abort(reason))).rejects.toBe(reason);
    const { report } = await analyze(thread, 'b');
    expect(report.timings).toEqual({ analysed: 1 });
  });

  it('does not start a task that is cancelled already', async () => {
    const thread = started();
    await expect(analyze(thread, 'ignore cancellation', AbortSignal.abort(EngineError.cancelled()))).rejects.toMatchObject({
      code: ErrorCode.cancelled,
    });
    await expect(analyze(thread, 'b')).resolves.toBeDefined();
  });

  it.each([
    ['throw', 'The computation stopped unexpectedly: out of the blue.'],
    ['exit', 'The computation stopped unexpectedly.'],
  ])('fails the task and is replaced when the thread dies of `%s`', async (path, message) => {
    const thread = started();
    await expect(analyze(thread, path)).rejects.toMatchObject({ code: ErrorCode.internal, message });
    const { report } = await analyze(thread, 'b');
    expect(report.timings).toEqual({ analysed: 1 });
  });

  it('says so when the memory runs out, and is replaced', async () => {
    const thread = started(32);
    await expect(analyze(thread, 'fill the heap')).rejects.toMatchObject({
      code: ErrorCode.internal,
      message: 'The computation needed more than its 32 MB of working memory and was stopped.',
    });
    await expect(analyze(thread, 'b')).resolves.toBeDefined();
  });

  it('fails a running task when it is closed', async () => {
    const thread = started();
    await expect(analyze(thread, 'ignore cancellation', undefined, () => thread.close())).rejects.toMatchObject({
      code: ErrorCode.stopped,
    });
  });

  it('refuses a second task at a time', async () => {
    const thread = started();
    const first = analyze(thread, 'a');
    await expect(analyze(thread, 'b')).rejects.toThrow('busy');
    await first;
  });
});
