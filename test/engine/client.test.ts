import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { EngineClient, type EngineState } from '../../src/engine/client';
import type { RestartPolicy } from '../../src/engine/crash-history';
import { EngineError, ErrorCode } from '../../src/engine/protocol';
import { alive } from './processes';

const HOUR = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), 'sigma-client-'));
afterAll(() => rmSync(folder, { recursive: true }));

const clients: EngineClient[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(clients.splice(0).map((client) => client.dispose()));
});

let scripts = 0;
/** A client of an engine that is this script; `starts` is the number of its starts so far, this one included. */
function clientOf(source: string, restartPolicy?: RestartPolicy) {
  const script = join(folder, `engine-${scripts++}.cjs`);
  const prelude = `
    const { appendFileSync, readFileSync } = require('node:fs');
    appendFileSync(__filename + '.starts', '.');
    const starts = readFileSync(__filename + '.starts').length;
    const answer = (request, result) => process.send({ jsonrpc: '2.0', id: request.id, result });
    const fail = (request, code, message) => process.send({ jsonrpc: '2.0', id: request.id, error: { code, message } });
    process.on('disconnect', () => process.exit());`;
  writeFileSync(script, `${prelude}\n${source}`);
  const log: string[] = [];
  const states: EngineState[] = [];
  const runs: string[] = [];
  const client = new EngineClient({
    script,
    log: (text) => log.push(text),
    onStateChange: (state) => states.push(state),
    onRunEvent: ({ run }) => runs.push(run),
    restartPolicy,
  });
  clients.push(client);
  return { client, log, states, runs };
}

const job = { path: '/models/a.npy', tensor: '', options: DEFAULT_OPTIONS, priority: 'visible' } as const;
const answering = `process.on('message', (m) => m.method === 'sigma/exit' ? process.exit() : answer(m, m.method === 'sigma/doctor' ? starts : null));`;
const mute = `process.on('message', () => {});`;
const dying = `process.on('message', () => process.exit(3));`;

describe('EngineClient', () => {
  it('starts the process with the first request only', async () => {
    const { client, states } = clientOf(answering);
    expect(client.pid).toBeUndefined();
    await expect(client.doctor()).resolves.toBe(1);
    await expect(client.doctor()).resolves.toBe(1);
    expect(states).toEqual(['running']);
  });

  it('gives the process no more of the environment than it needs', async () => {
    vi.stubEnv('SOME_TOKEN', 'secret');
    vi.stubEnv('NODE_OPTIONS', '--no-warnings');
    vi.stubEnv('SIGMA_LOG', 'everything');
    const { client } = clientOf(`process.on('message', (m) => m.method === 'sigma/exit' ? process.exit() : answer(m, process.env));`);
    const environment = await client.doctor();
    expect(environment).toMatchObject({ SIGMA_LOG: 'everything', PATH: process.env.PATH });
    expect(environment).not.toHaveProperty('SOME_TOKEN');
    expect(environment).not.toHaveProperty('NODE_OPTIONS');
  });

  it('logs what the process prints', async () => {
    const { client, log } = clientOf(`console.log('to stdout'); console.error('to stderr'); ${answering}`);
    await client.doctor();
    await vi.waitFor(() => expect(log.sort()).toEqual(['to stderr\n', 'to stdout\n']));
  });

  it('turns answers into errors with their code, and does not ask again', async () => {
    const { client } = clientOf(
      `process.on('message', (m) => m.method === 'sigma/exit' ? process.exit() : fail(m, 1, 'start ' + starts));`,
    );
    const failure = client.inspect('/models/a.npy');
    await expect(failure).rejects.toBeInstanceOf(EngineError);
    await expect(failure).rejects.toMatchObject({ code: ErrorCode.format, message: 'start 1' });
  });

  it('treats any other refusal as a fault of ours', async () => {
    const { client } = clientOf(
      `process.on('message', (m) => m.method === 'sigma/exit' ? process.exit() : fail(m, -32601, 'Unhandled method'));`,
    );
    await expect(client.doctor()).rejects.toMatchObject({ code: ErrorCode.internal, message: 'Unhandled method' });
  });

  it('asks once more after a crash', async () => {
    const { client, states, log } = clientOf(`if (starts === 1) { ${dying} } else { ${answering} }`);
    await expect(client.doctor()).resolves.toBe(2);
    expect(states).toEqual(['running', 'idle', 'running']);
    expect(log.join('')).toContain('The engine stopped unexpectedly (exit code 3).');
  });

  it('fails a request that crashes the engine twice, and says what it was doing', async () => {
    const { client } = clientOf(`if (starts < 3) { ${dying} } else { ${answering} }`, { delays: [0, 0, 0], window: HOUR });
    await expect(client.analyze(job)).rejects.toMatchObject({
      code: ErrorCode.stopped,
      message:
        'The engine stopped unexpectedly (exit code 3) while analysing /models/a.npy, and did so again when that was tried once more. It starts again with the next request.',
    });
    await expect(client.doctor()).resolves.toBe(3);
  });

  it('keeps to the back-off, in which a request can be cancelled and a restart goes ahead', async () => {
    const { client } = clientOf(`if (starts === 1) { ${dying} } else { ${answering} }`, { delays: [HOUR], window: HOUR });
    const retried = client.doctor();
    await vi.waitFor(() => expect(client.state).toBe('running'));
    await vi.waitFor(() => expect(client.state).toBe('idle'));
    const cancelling = new AbortController();
    const cancelled = client.doctor(cancelling.signal);
    cancelling.abort();
    await expect(cancelled).rejects.toMatchObject({ code: ErrorCode.cancelled });
    client.restart();
    await expect(retried).resolves.toBe(2);
  });

  it('stops starting an engine that keeps dying, until it is told to', async () => {
    const { client, states } = clientOf(`if (starts < 3) process.exit(3); ${answering}`, { delays: [0], window: HOUR });
    await expect(client.doctor()).rejects.toMatchObject({ code: ErrorCode.stopped });
    expect(states).toEqual(['running', 'idle', 'running', 'failing']);
    await expect(client.doctor()).rejects.toMatchObject({
      code: ErrorCode.stopped,
      message:
        'The engine keeps stopping (2 times in a row, last with exit code 3) and was not started again. Its log says why; restart it to try again.',
    });
    client.restart();
    expect(client.state).toBe('idle');
    await expect(client.doctor()).resolves.toBe(3);
  });

  it('hands pending requests to the next process at a restart', async () => {
    const { client } = clientOf(`if (starts === 1) { ${mute} } else { ${answering} }`);
    const pending = client.doctor();
    await vi.waitFor(() => expect(client.state).toBe('running'));
    client.restart();
    await expect(pending).resolves.toBe(2);
  });

  it('fails with a sentence when there is no engine, and logs why', async () => {
    const log: string[] = [];
    const client = new EngineClient({
      script: join(folder, 'missing.js'),
      log: (text) => log.push(text),
      restartPolicy: { delays: [], window: HOUR },
    });
    clients.push(client);
    await expect(client.doctor()).rejects.toMatchObject({ code: ErrorCode.stopped });
    await vi.waitFor(() => expect(log.join('')).toContain('missing.js'));
  });

  /** Answers the first watch set after each start with its paths and the number of starts, as a run of that name; then may die. */
  const watching = (then = '') => `process.on('message', (m) => {
    if (m.method === 'sigma/exit') process.exit();
    if (m.method !== 'sigma/watchRuns') return answer(m, starts);
    const run = m.params.runs.map(({ path }) => path).join() + ' ' + starts;
    process.send({ jsonrpc: '2.0', method: 'sigma/runChanged', params: { kind: 'ended', run } }, () => { ${then} });
  });`;
  const setOf = (...paths: string[]) => {
    const runs = paths.map((path) => ({ path, baseline: null, controls: [], options: DEFAULT_OPTIONS }));
    return { runs, history: '/storage/runs.jsonl' };
  };

  it('starts with the first run to watch, and passes on what becomes of it', async () => {
    const { client, runs, states } = clientOf(watching());
    client.watchRuns(setOf());
    expect(states).toEqual([]);
    client.watchRuns(setOf('/a'));
    await vi.waitFor(() => expect(runs).toEqual(['/a 1']));
    client.watchRuns(setOf('/a', '/b'));
    await vi.waitFor(() => expect(runs).toEqual(['/a 1', '/a,/b 1']));
    client.watchRuns(setOf());
    await vi.waitFor(() => expect(runs.at(-1)).toBe(' 1'));
    expect(states).toEqual(['running']);
  });

  it('watches the same runs again after a crash and after a restart, without being asked', async () => {
    const { client, runs } = clientOf(watching('if (starts === 1) process.exit(3);'), { delays: [0], window: HOUR });
    client.watchRuns(setOf('/a'));
    await vi.waitFor(() => expect(runs).toEqual(['/a 1', '/a 2']));
    client.restart();
    await vi.waitFor(() => expect(runs).toEqual(['/a 1', '/a 2', '/a 3']));
  });

  it('stays idle after a crash when nothing is watched any more, and gives up where it keeps dying', async () => {
    const { client, states } = clientOf(watching('process.exit(3);'), { delays: [0, 0], window: HOUR });
    client.watchRuns(setOf('/a'));
    await vi.waitFor(() => expect(states.at(-1)).toBe('failing'), 10_000);
    expect(states.filter((state) => state === 'running')).toHaveLength(3);
    client.watchRuns(setOf());
    client.restart();
    expect(states.at(-1)).toBe('idle');
  });

  it('does not start for a request that is cancelled already', async () => {
    const { client, states } = clientOf(answering);
    await expect(client.analyze(job, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: ErrorCode.cancelled });
    expect(states).toEqual([]);
  });

  it('does not lose a cancellation that follows at once', async () => {
    const { client } = clientOf(mute);
    const cancelling = new AbortController();
    const analysis = client.analyze(job, { signal: cancelling.signal });
    cancelling.abort();
    await expect(analysis).rejects.toMatchObject({ code: ErrorCode.cancelled });
  });

  it('ends the process when disposed, as often as one likes', async () => {
    const { client } = clientOf(answering);
    await client.doctor();
    const pid = client.pid!;
    await Promise.all([client.dispose(), client.dispose()]);
    await client.dispose();
    expect(alive(pid)).toBe(false);
    await expect(client.doctor()).rejects.toMatchObject({ code: ErrorCode.stopped, message: 'The engine was shut down.' });
  });

  it('can be disposed before it has started', async () => {
    const { client } = clientOf(answering);
    await client.dispose();
    expect(client.pid).toBeUndefined();
  });

  it('ends by force a process that does not answer, and fails what is pending', async () => {
    const { client } = clientOf(mute);
    const pending = [client.doctor(), client.inspect('/models/a.npy'), client.analyze(job)].map((request) =>
      request.catch((error) => error),
    );
    await vi.waitFor(() => expect(client.pid).toBeDefined());
    const pid = client.pid!;
    await client.dispose();
    expect(alive(pid)).toBe(false);
    for (const error of await Promise.all(pending))
      expect(error).toMatchObject({ code: ErrorCode.stopped, message: 'The engine was shut down.' });
  });

  it('waits at its end for a process that a restart is ending', async () => {
    const { client } = clientOf(mute);
    const pending = client.doctor().catch((error) => error);
    await vi.waitFor(() => expect(client.pid).toBeDefined());
    const pid = client.pid!;
    client.restart();
    await client.dispose();
    expect(alive(pid)).toBe(false);
    expect(await pending).toMatchObject({ code: ErrorCode.stopped });
  });
});
