import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutateJson, randomFrom } from '../fuzz/mutate';

const SOUND = [
  '{"jsonrpc":"2.0","id":1,"method":"sigma/inspect","params":{"path":"/nowhere/a.npy"}}',
  '{"jsonrpc":"2.0","id":2,"method":"sigma/analyze","params":{"path":"/nowhere/a.npy","tensor":"","priority":"visible","token":1,"options":{}}}',
  '{"jsonrpc":"2.0","id":3,"method":"sigma/run","params":{"path":"/nowhere","priority":"visible","token":2,"options":{}}}',
  '{"jsonrpc":"2.0","id":4,"method":"sigma/compare","params":{"a":{"path":"/n","tensor":""},"b":{"path":"/n","tensor":""},"token":3}}',
].map((line) => new TextEncoder().encode(line));

test('the engine answers on after 500 requests that make no sense', async () => {
  const engine = fork(join(import.meta.dirname, '..', '..', 'dist', 'engine.js'), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  try {
    const answered = new Promise<unknown>((resolve, reject) => {
      engine.on('message', (message: { id?: unknown }) => {
        if (message.id === 'last') resolve(message);
      });
      engine.once('exit', (code) => reject(new Error(`the engine ended with ${code}`)));
    });
    for (const params of [undefined, null, 1, {}, { id: {} }]) engine.send({ jsonrpc: '2.0', method: '$/cancelRequest', params });
    const random = randomFrom(1);
    for (let i = 0; i < 500; i++) {
      const line = new TextDecoder().decode(mutateJson(SOUND[random(SOUND.length)]!, SOUND[0]!, random));
      const message = parsed(line);
      if (message !== null) engine.send(message);
    }
    engine.send({ jsonrpc: '2.0', id: 'last', method: 'sigma/inspect', params: { path: '/nowhere/z.npy' } });
    expect(await answered).toMatchObject({ error: { code: 1 } });
  } finally {
    if (engine.exitCode === null) {
      engine.removeAllListeners('exit');
      engine.kill();
      await once(engine, 'exit');
    }
  }
});

function parsed(line: string): object | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
