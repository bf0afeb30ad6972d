import { openBrowserGpu } from '../src/compute/browser-gpu';
import { answeringGpu } from '../src/compute/gpu-calls';
import type { HostMessage, PanelMessage } from './protocol';

const call = answeringGpu(openBrowserGpu);

/** What the engine asks of the GPU of this page, where it cannot have one itself. */
export async function answerGpu(question: Extract<HostMessage, { type: 'gpu' }>, post: (message: PanelMessage) => void): Promise<void> {
  const { id } = question;
  try {
    post({ type: 'gpu', id, answer: await call(question.call), error: null });
  } catch (error) {
    post({ type: 'gpu', id, answer: null, error: error instanceof Error ? error.message : String(error) });
  }
}
