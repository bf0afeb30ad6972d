import type { Operator } from './lanczos';

interface Request {
  readonly x: Float64Array;
  readonly count: number;
  resolve(images: Float64Array): void;
  reject(error: unknown): void;
}

/**
 * Runs several Krylov searches side by side on one operator whose every application is dear, such as a pass over a file:
 * it is applied once all searches that go on have asked for it, to the vectors of all of them together.
 * @throws whatever the operator or a search throws first; the other searches then end with the same error
 */
export function sharing<T extends readonly unknown[]>(
  operator: Operator,
  d: number,
  searches: { readonly [K in keyof T]: (operator: Operator) => Promise<T[K]> },
): Promise<T> {
  let open = searches.length;
  let waiting: Request[] = [];
  let failure: { readonly error: unknown } | null = null;

  const request: Operator = (x, count) =>
    new Promise((resolve, reject) => {
      waiting.push({ x, count, resolve, reject });
      void next();
    });

  const next = async (): Promise<void> => {
    if (waiting.length === 0 || waiting.length < open) return;
    const batch = waiting;
    waiting = [];
    try {
      if (failure !== null) throw failure.error;
      const total = batch.reduce((sum, { count }) => sum + count, 0);
      const x = new Float64Array(total * d);
      let at = 0;
      for (const part of batch) {
        x.set(part.x, at);
        at += part.x.length;
      }
      const images = await operator(x, total);
      at = 0;
      for (const part of batch) {
        part.resolve(images.slice(at, at + part.x.length));
        at += part.x.length;
      }
    } catch (error) {
      for (const part of batch) part.reject(error);
    }
  };

  const follow = async (search: (operator: Operator) => Promise<unknown>): Promise<unknown> => {
    try {
      return await search(request);
    } catch (error) {
      failure ??= { error };
      throw error;
    } finally {
      open--;
      void next();
    }
  };
  return Promise.all(searches.map(follow)) as unknown as Promise<T>;
}
