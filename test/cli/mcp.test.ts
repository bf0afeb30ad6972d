// The built server as a client meets it: lines of JSON on its standard input and output.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { version } from '../../package.json';
import { writeNpy } from '../engine/npy-file';
import { BUNDLE, EMBEDDINGS, SAMPLES, sigma } from './sigma';

const COLLAPSED = join(SAMPLES, 'replace-s0/generation-10/embeddings.npy');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigma-mcp-'));
  // More than a minute of arithmetic, or seconds of it on a fast machine: long enough to be cancelled.
  writeNpy(join(folder, 'big.npy'), 20_000, 1500);
  await symlink(EMBEDDINGS, join(folder, 'away.npy'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown> & { readonly content?: readonly { readonly text: string }[] };
  readonly error?: { readonly code: number; readonly message: string };
}

/** `ask` sends a request and waits for its answer, `write` sends a line as it is, `end` closes the input and returns how the server ended. */
function server(...roots: readonly string[]) {
  const child = spawn(process.execPath, [BUNDLE, 'mcp', ...roots.flatMap((root) => ['--root', root])]);
  children.push(child);
  const exit = once(child, 'exit');
  const heard: Message[] = [];
  const waiting = new Map<number, (message: Message) => void>();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message: Message = JSON.parse(line);
    heard.push(message);
    if (message.id !== undefined) waiting.get(message.id)?.(message);
  });
  let last = 0;
  const write = (line: string) => child.stdin.write(`${line}\n`);
  const send = (message: object) => write(JSON.stringify({ jsonrpc: '2.0', ...message }));
  const ask = (method: string, params?: object): Promise<Message> => {
    const id = ++last;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    send({ id, method, params });
    return answer;
  };
  const ended = async () => ({ exitCode: (await exit)[0] as number, stderr });
  return {
    heard,
    write,
    send,
    ask,
    exit: ended,
    end() {
      child.stdin.end();
      return ended();
    },
    async initialize(protocolVersion = '2025-06-18') {
      const answer = await ask('initialize', { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } });
      send({ method: 'notifications/initialized' });
      return answer.result!;
    },
    call: (name: string, args: object, meta?: object) => ask('tools/call', { name, arguments: args, ...(meta && { _meta: meta }) }),
  };
}

const text = ({ result }: Message): string => result!.content!.map((part) => part.text).join('');

describe('sigma mcp', () => {
  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('speaks revision %s', async (revision) => {
    const { initialize, end } = server(SAMPLES);
    expect(await initialize(revision)).toMatchObject({
      protocolVersion: revision,
      capabilities: { tools: {} },
      serverInfo: { name: 'sigma', version },
    });
    expect(await end()).toEqual({ exitCode: 0, stderr: '' });
  });

  it('answers a revision that it does not know with one that it does', async () => {
    const { protocolVersion } = await server(SAMPLES).initialize('1999-01-01');
    expect(protocolVersion).toBe('2025-11-25');
  });

  it('speaks the revision without a handshake', async () => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    };
    const { ask } = server(SAMPLES);
    const { result } = await ask('server/discover', { _meta: meta });
    expect(result).toMatchObject({ supportedVersions: expect.arrayContaining(['2026-07-28']), capabilities: { tools: {} } });
    const listed = await ask('tools/list', { _meta: meta });
    expect(listed.result).toMatchObject({ tools: [{ name: 'get_model_health' }, { name: 'compare_model_health' }] });
    const answer = await ask('tools/call', { name: 'get_model_health', arguments: { path: EMBEDDINGS }, _meta: meta });
    expect(text(answer)).toMatch(/^# Healthy: /);
  });

  it('lists two tools that change nothing, answers pings, and refuses what it does not know', async () => {
    const { initialize, ask, call } = server(SAMPLES);
    await initialize();
    const { tools } = (await ask('tools/list')).result as { tools: { name: string; inputSchema: object; annotations: object }[] };
    expect(tools.map(({ name }) => name)).toEqual(['get_model_health', 'compare_model_health']);
    for (const { inputSchema, annotations } of tools) {
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(annotations).toMatchObject({ readOnlyHint: true });
    }
    expect((await ask('ping')).result).toEqual({});
    expect((await ask('resources/list')).error).toMatchObject({ code: -32601 });
    expect((await call('get_weather', {})).error).toMatchObject({
      code: -32602,
      message: expect.stringContaining('get_model_health and compare'),
    });
  });

  it('reports a file, as text and as the same in JSON', async () => {
    const { initialize, call } = server(SAMPLES);
    await initialize();
    const answer = await call('get_model_health', { path: 'replace-s0/generation-10/embeddings.npy' });
    expect(text(answer)).toMatch(/^# Worth watching: /);
    expect(text(answer)).toContain('- Step: 10 (checkpoint generation-10 of the run ');
    expect(text(answer)).toContain('(effectiveRank): 8.3144 directions of 100 possible (exact for these rows)');
    const quantities = [expect.objectContaining({ id: 'effectiveRank', value: expect.closeTo(8.3144, 3), unit: 'directions' })];
    expect(answer.result!.structuredContent).toMatchObject({ kind: 'matrix', quantities: expect.arrayContaining(quantities) });
    expect(text(answer).length).toBeLessThan(12_000);
  });

  it('judges a run, and compares two files', async () => {
    const { initialize, call } = server(SAMPLES);
    await initialize();
    expect(text(await call('get_model_health', { path: 'replace-s0' }))).toMatch(
      /^# Collapsed: run .*\n\nembeddings\.npy left its baseline at generation-1/,
    );
    expect(text(await call('compare_model_health', { paths: [EMBEDDINGS, COLLAPSED] }))).toMatch(/^# Narrower: B has lost directions\n/);
  });

  it('tells how far it is where it is asked to, and only forwards', async () => {
    const { initialize, call, heard } = server(SAMPLES);
    await initialize();
    await call('get_model_health', { path: 'control-s0' });
    expect(heard.filter(({ method }) => method === 'notifications/progress')).toEqual([]);
    await call('get_model_health', { path: 'replace-s0' }, { progressToken: 'run' });
    const progress = heard.flatMap(({ method, params }) => (method === 'notifications/progress' ? [params!] : []));
    expect(progress.length).toBeGreaterThan(2);
    for (const { progressToken, total, message } of progress) {
      expect([progressToken, total, typeof message]).toEqual(['run', 1, 'string']);
    }
    const fractions = progress.map(({ progress }) => progress as number);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  });

  it('reads what lies in the roots alone, links resolved, and says so to the model', async () => {
    const { initialize, call } = server(folder);
    await initialize();
    for (const path of ['../x.npy', '/etc/passwd', 'away.npy', EMBEDDINGS]) {
      const { result } = await call('get_model_health', { path });
      expect(result).toMatchObject({
        isError: true,
        content: [{ text: expect.stringContaining('is outside of the folders that may be read') }],
      });
    }
    const { result } = await call('get_model_health', { file: 'big.npy' });
    expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('input schema') }] });
  });

  it('is cancelled, answers meanwhile, and goes on', async () => {
    const { initialize, ask, call, send, heard, end } = server(folder, SAMPLES);
    await initialize();
    const before = heard.length;
    void call('get_model_health', { path: 'big.npy' }, { progressToken: 1 });
    while (!heard.slice(before).some(({ method }) => method === 'notifications/progress'))
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await ask('ping')).result).toEqual({});
    send({ method: 'notifications/cancelled', params: { requestId: 2, reason: 'test' } });
    // The engine does one at a time: this one is answered because the other has stopped.
    expect(text(await call('get_model_health', { path: EMBEDDINGS }))).toMatch(/^# Healthy/);
    expect(heard.some(({ id }) => id === 2)).toBe(false);
    expect(await end()).toEqual({ exitCode: 0, stderr: '' });
  });

  it('ends at once, and its engine with it, when the client goes in the middle of an analysis', async () => {
    const { initialize, call, end } = server(folder);
    await initialize();
    void call('get_model_health', { path: 'big.npy' });
    expect(await end()).toEqual({ exitCode: 0, stderr: '' });
  });

  it('passes over lines that are no messages', async () => {
    const { initialize, write, ask, end } = server(SAMPLES);
    for (const line of ['', 'hello', '{', '[]', '42', '{"jsonrpc":"1.0","id":1,"method":"ping"}', '{"jsonrpc":"2.0"}']) write(line);
    await initialize();
    write('\u0000{"jsonrpc":"2.0"');
    expect((await ask('ping')).result).toEqual({});
    expect((await end()).exitCode).toBe(0);
  });

  it('closes the connection on a line that is too long to be a message', async () => {
    const { initialize, write, exit } = server(SAMPLES);
    await initialize();
    write('x'.repeat(3 << 20));
    expect(await exit()).toEqual({
      exitCode: 2,
      stderr: 'sigma: mcp: a message is longer than 1048576 bytes; the connection was closed\n',
    });
  });
});

describe('sigma mcp refuses in one line', () => {
  it.each([
    [['--root', 'no/such/folder'], '--root no/such/folder: there is no such folder'],
    [['--root', EMBEDDINGS], 'there is no such folder'],
    [['model.npy'], 'mcp takes no files, but got model.npy; name a folder with --root DIR'],
    [['--port', '1'], 'there is no flag --port; see sigma mcp --help'],
  ])('%j', async (args, sentence) => {
    const { exitCode, stdout, stderr } = await sigma(['mcp', ...args]);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^sigma: [^\n]+\n$/);
    expect(exitCode).toBe(2);
  });
});
