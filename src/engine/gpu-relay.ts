import type { MessagePort } from 'node:worker_threads';
import type { CallGpu, GpuCall } from '../compute/gpu-calls';

interface Question {
  readonly id: number;
  readonly call: GpuCall;
}
type Answer = { readonly id: number } & ({ readonly answer: unknown } | { readonly error: string });

/** Calls that travel over a port, whose other end answers. The port keeps no thread alive. */
export function callsOver(port: MessagePort): CallGpu {
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let last = 0;
  port.on('message', (message: Answer) => {
    const one = waiting.get(message.id);
    waiting.delete(message.id);
    if ('error' in message) one?.reject(new Error(message.error));
    else one?.resolve(message.answer);
  });
  port.unref();
  return ((call: GpuCall) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      port.postMessage({ id, call } satisfies Question);
    })) as CallGpu;
}

/** Answers what comes over a port, until that is closed. */
export function answerOver(port: MessagePort, answer: CallGpu): void {
  port.on('message', async ({ id, call }: Question) => {
    const post = (message: Answer) => port.postMessage(message);
    try {
      post({ id, answer: await answer(call) });
    } catch (error) {
      post({ id, error: error instanceof Error ? error.message : String(error) });
    }
  });
}
