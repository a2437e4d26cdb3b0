/** At most so many tasks at once: a browser opens six connections to a daemon, and others need some. */
export class Limiter {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.running >= this.most) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running += 1;
    try {
      return await task();
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }
}

/**
 * The `most` answers that were used last, of each key only the newest version; an answer that failed
 * is asked for again.
 */
export class Memory<T> {
  private readonly kept = new Map<string, { version: string; answer: Promise<T> }>();

  constructor(private readonly most: number) {}

  get(key: string, version: string, make: () => Promise<T>): Promise<T> {
    const known = this.kept.get(key);
    this.kept.delete(key);
    if (known?.version === version) {
      this.kept.set(key, known);
      return known.answer;
    }
    const made = { version, answer: make() };
    this.kept.set(key, made);
    made.answer.catch(() => {
      if (this.kept.get(key) === made) this.kept.delete(key);
    });
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= this.most) break;
      this.kept.delete(oldest);
    }
    return made.answer;
  }
}
