import { describe, expect, it } from 'vitest';
import { JobQueue } from '../../src/engine/job-queue';

const never = new AbortController().signal;

/** A job that ends when it is told to, and what happened to it. */
function controlled(log: string[], name: string) {
  let finish!: (value: string) => void;
  let fail!: (error: Error) => void;
  const done = new Promise<string>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const job = () => {
    log.push(name);
    return done;
  };
  return { job, finish: () => finish(name), fail };
}

describe('JobQueue', () => {
  it('runs one job at a time, visible before background, first come first served within', async () => {
    const queue = new JobQueue();
    const log: string[] = [];
    const first = controlled(log, 'first');
    const results = [
      queue.run('background', never, first.job),
      queue.run('background', never, async () => log.push('background 1')),
      queue.run('visible', never, async () => log.push('visible 1')),
      queue.run('background', never, async () => log.push('background 2')),
      queue.run('visible', never, async () => log.push('visible 2')),
    ];
    expect(log).toEqual(['first']);
    expect(queue.busy).toBe(true);
    first.finish();
    await Promise.all(results);
    expect(log).toEqual(['first', 'visible 1', 'visible 2', 'background 1', 'background 2']);
    expect(queue.busy).toBe(false);
  });

  it('passes on what a job returns, and goes on after one that fails', async () => {
    const queue = new JobQueue();
    const first = controlled([], 'first');
    const failing = queue.run('visible', never, first.job);
    const second = queue.run('visible', never, async () => 2);
    first.fail(new Error('broken'));
    await expect(failing).rejects.toThrow('broken');
    await expect(second).resolves.toBe(2);
  });

  it('goes on after a job that throws at once', async () => {
    const queue = new JobQueue();
    const failing = queue.run('visible', never, () => {
      throw new Error('at once');
    });
    await expect(failing).rejects.toThrow('at once');
    await expect(queue.run('visible', never, async () => 2)).resolves.toBe(2);
  });

  it('never starts a job that is cancelled while it waits, and leaves the others in order', async () => {
    const queue = new JobQueue();
    const log: string[] = [];
    const first = controlled(log, 'first');
    const running = queue.run('visible', never, first.job);
    const before = queue.run('visible', never, async () => log.push('before'));
    const cancelling = new AbortController();
    const cancelled = queue.run('visible', cancelling.signal, async () => log.push('cancelled'));
    const after = queue.run('visible', never, async () => log.push('after'));
    cancelling.abort(new Error('not wanted'));
    await expect(cancelled).rejects.toThrow('not wanted');
    first.finish();
    await Promise.all([running, before, after]);
    expect(log).toEqual(['first', 'before', 'after']);
  });

  it('refuses a job whose signal is aborted already', async () => {
    const log: string[] = [];
    const run = new JobQueue().run('visible', AbortSignal.abort(new Error('too late')), async () => log.push('ran'));
    await expect(run).rejects.toThrow('too late');
    expect(log).toEqual([]);
  });

  it('has a background job give way to a visible one, and begins it anew before all others of its kind', async () => {
    const queue = new JobQueue();
    const log: string[] = [];
    let begun = 0;
    const background = queue.run('background', never, async (signal) => {
      log.push(`background ${++begun}`);
      if (begun > 1) return 'done';
      return new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const next = queue.run('background', never, async () => log.push('next'));
    const visible = [1, 2].map((n) => queue.run('visible', never, async () => log.push(`visible ${n}`)));
    await Promise.all([background, next, ...visible]);
    expect(log).toEqual(['background 1', 'visible 1', 'visible 2', 'background 2', 'next']);
    await expect(background).resolves.toBe('done');
  });

  it('takes a job that has given way out of the queue when it is cancelled', async () => {
    const queue = new JobQueue();
    const cancelling = new AbortController();
    let begun = 0;
    const background = queue.run('background', cancelling.signal, async (signal) => {
      begun++;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const visible = controlled([], 'visible');
    const running = queue.run('visible', never, visible.job);
    await new Promise(setImmediate);
    cancelling.abort(new Error('not wanted'));
    await expect(background).rejects.toThrow('not wanted');
    visible.finish();
    await running;
    await new Promise(setImmediate);
    expect(begun).toBe(1);
    expect(queue.busy).toBe(false);
  });

  it('leaves a running visible job alone when another comes', async () => {
    const queue = new JobQueue();
    let given!: AbortSignal;
    const first = controlled([], 'first');
    const running = queue.run('visible', never, (signal) => {
      given = signal;
      return first.job();
    });
    const second = queue.run('visible', never, async () => 2);
    expect(given.aborted).toBe(false);
    first.finish();
    await Promise.all([running, second]);
  });

  it('leaves a running job to watch its signal by itself', async () => {
    const queue = new JobQueue();
    const cancelling = new AbortController();
    const first = controlled([], 'first');
    const running = queue.run('visible', cancelling.signal, first.job);
    cancelling.abort(new Error('not wanted'));
    first.finish();
    await expect(running).resolves.toBe('first');
  });
});
