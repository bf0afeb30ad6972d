import type { Priority } from './protocol';

interface Job {
  /** Ends when the job has ended, however it did, or has given way. */
  start(): Promise<void>;
  /** Tells a running background job to stop for now. */
  giveWay(): void;
}

/** Why a background job is told to stop: what is on screen waits for its place. */
const GIVE_WAY = new Error('Something on screen comes first.');

/**
 * Runs jobs one at a time: `visible` before `background`, first come first served within. A background job that runs gives way to a
 * visible one, and is begun anew, before all others of its kind, when nothing visible is left.
 */
export class JobQueue {
  readonly #waiting: Record<Priority, Job[]> = { visible: [], background: [] };
  #running: Job | null = null;

  get busy(): boolean {
    return this.#running !== null;
  }

  /**
   * @param signal while the job waits, takes it out of the queue
   * @param job has to watch the signal that it is given, and to reject with its reason
   * @returns what the job returns; rejects with the signal's reason when the job never started
   */
  run<T>(priority: Priority, signal: AbortSignal, job: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const waiting = this.#waiting[priority];
      const leave = () => {
        waiting.splice(waiting.indexOf(entry), 1);
        reject(signal.reason);
      };
      let place = new AbortController();
      const entry: Job = {
        start: async () => {
          signal.removeEventListener('abort', leave);
          try {
            resolve(await job(priority === 'visible' ? signal : AbortSignal.any([signal, place.signal])));
          } catch (error) {
            if (error !== GIVE_WAY || signal.aborted) {
              reject(signal.aborted ? signal.reason : error);
              return;
            }
            place = new AbortController();
            signal.addEventListener('abort', leave, { once: true });
            waiting.unshift(entry);
          }
        },
        giveWay: () => place.abort(GIVE_WAY),
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.push(entry);
      if (priority === 'visible') this.#running?.giveWay();
      this.#next();
    });
  }

  async #next(): Promise<void> {
    if (this.#running) return;
    const job = this.#waiting.visible.shift() ?? this.#waiting.background.shift();
    if (!job) return;
    this.#running = job;
    await job.start();
    this.#running = null;
    this.#next();
  }
}
