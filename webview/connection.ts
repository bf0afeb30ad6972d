/** A panel's line to its other side. */
export interface Connection<Received, Sent> {
  post(message: Sent): void;
  listen(receive: (message: Received) => void): void;
  /** What `save` was last given, also after the panel was hidden and made again. */
  restore(): unknown;
  save(state: unknown): void;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare const acquireVsCodeApi: (() => VsCodeApi) | undefined;

export function inEditor(): boolean {
  return typeof acquireVsCodeApi === 'function';
}

/** @param parse gives null for what the editor's side of this panel does not send: such messages are dropped */
export function editorConnection<Received, Sent>(parse: (data: unknown) => Received | null): Connection<Received, Sent> {
  const api = acquireVsCodeApi!();
  return {
    post: (message) => api.postMessage(message),
    listen: (receive) => {
      window.addEventListener('message', (event: MessageEvent<unknown>) => {
        const message = parse(event.data);
        if (message !== null) receive(message);
      });
    },
    restore: () => api.getState(),
    save: (state) => api.setState(state),
  };
}
