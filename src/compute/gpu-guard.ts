/** Runs commands on a device. */
export type Guard = <T>(commands: () => T | Promise<T>) => Promise<T>;

/**
 * Rejects when the device is lost, when it runs out of memory and when it refuses a command, which WebGPU otherwise reports nowhere:
 * the result would be zeros. Commands may be issued before the first await of `commands` only.
 */
export function guarded(device: GPUDevice): Guard {
  let loss: Error | null = null;
  const lost = device.lost.then(({ message }) => {
    loss = new Error(`The device was lost${message ? `: ${message.split('\n', 1)[0]}` : ''}.`);
    throw loss;
  });
  lost.catch(() => {});
  return async (commands) => {
    if (loss !== null) throw loss;
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    // Synchronous up to its first await, so that the scopes hold its commands and nobody else's.
    const work = Promise.resolve(commands());
    work.catch(() => {});
    const scopes = [device.popErrorScope(), device.popErrorScope()];
    return Promise.race([lost, settled(work, scopes)]);
  };
}

async function settled<T>(work: Promise<T>, scopes: readonly Promise<GPUError | null>[]): Promise<T> {
  const [refused, exhausted] = await Promise.all(scopes);
  if (exhausted !== null) throw new Error('It ran out of memory.');
  if (refused !== null) throw new Error(`It refused a command: ${refused.message.split('\n', 1)[0]}`);
  return work;
}
