import type { Priority } from './protocol';

interface WaitingJob {
  /** Ends when the job has ended, however it did. */
  start(): Promise<void>;
}

/** Runs jobs one at a time: `visible` before `background`, first come first served within. */
export class JobQueue {
  readonly #waiting: Record<Priority, WaitingJob[]> = { visible: [], background: [] };
  #running = false;

  get busy(): boolean {
    return this.#running;
  }

  /**
   * @param signal while the job waits, takes it out of the queue; a running job has to watch it by itself
   * @returns what the job returns; rejects with the signal's reason when the job never started
   */
  run<T>(priority: Priority, signal: AbortSignal, job: () => Promise<T>): Promise<T> {
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
      const entry: WaitingJob = {
        start: async () => {
          signal.removeEventListener('abort', leave);
          try {
            resolve(await job());
          } catch (error) {
            reject(error);
          }
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.push(entry);
      this.#next();
    });
  }

  async #next(): Promise<void> {
    if (this.#running) return;
    const job = this.#waiting.visible.shift() ?? this.#waiting.background.shift();
    if (!job) return;
    this.#running = true;
    await job.start();
    this.#running = false;
    this.#next();
  }
}
