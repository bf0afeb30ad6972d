/** What comes in a short while, handed on together: each hand-over draws every surface, and an old run that is read again tells dozens of things a second. */
export class Gathering<T> {
  #items: T[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** @param milliseconds from the first item until it is handed on */
  constructor(
    readonly milliseconds: number,
    readonly handOn: (items: readonly T[]) => void,
  ) {}

  add(item: T): void {
    this.#items.push(item);
    this.#timer ??= setTimeout(() => this.flush(), this.milliseconds);
  }

  /** Hands on now what has come. */
  flush(): void {
    this.dispose();
    const items = this.#items;
    this.#items = [];
    if (items.length > 0) this.handOn(items);
  }

  dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
