import type { HostMessage, PanelMessage } from '../../webview/protocol';
import type { CallGpu, GpuCall } from '../engine/protocol';

/** A panel, as far as its GPU is concerned. */
export interface GpuPanel {
  visible(): boolean;
  post(message: HostMessage): void;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** Milliseconds in which a panel must answer. */
const PATIENCE = 60_000;

/**
 * The GPU of a panel that is on screen, for an engine that cannot have one. Panels that are hidden lose their page, and the GPU with it: what
 * the engine had there is gone, and it goes on without.
 */
export class PanelGpu {
  readonly #panels = new Set<GpuPanel>();
  /** The one that was opened. */
  #chosen: GpuPanel | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(readonly patience = PATIENCE) {}

  attach(panel: GpuPanel): void {
    this.#panels.add(panel);
  }

  /** It was closed or hidden. */
  gone(panel: GpuPanel): void {
    if (!panel.visible()) this.#lose(panel);
  }

  detach(panel: GpuPanel): void {
    this.#panels.delete(panel);
    this.#lose(panel);
  }

  answered({ id, answer, error }: Extract<PanelMessage, { type: 'gpu' }>): void {
    if (error === null) this.#waiting.get(id)?.resolve(answer);
    else this.#waiting.get(id)?.reject(new Error(error));
  }

  readonly call = (async (call: GpuCall) => {
    if (call.method === 'open') this.#chosen = [...this.#panels].find((panel) => panel.visible()) ?? null;
    const panel = this.#chosen;
    if (panel === null)
      throw new Error(call.method === 'open' ? 'No panel is on screen that could have one.' : 'The panel that had the GPU is gone.');
    const id = ++this.#last;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        timer = setTimeout(() => this.#lose(panel), this.patience);
        panel.post({ type: 'gpu', id, call });
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }) as CallGpu;

  #lose(panel: GpuPanel): void {
    if (panel !== this.#chosen) return;
    this.#chosen = null;
    for (const { reject } of this.#waiting.values()) reject(new Error('The panel that had the GPU is gone.'));
  }
}
