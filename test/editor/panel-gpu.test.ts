import { expect, test } from 'vitest';
import { type GpuPanel, PanelGpu } from '../../src/editor/panel-gpu';
import type { HostMessage } from '../../webview/protocol';

type Question = Extract<HostMessage, { type: 'gpu' }>;

interface FakePanel extends GpuPanel {
  shown: boolean;
  readonly asked: Question[];
}

function panelOf(gpu: PanelGpu, answers: (question: Question) => unknown): FakePanel {
  const panel: FakePanel = {
    shown: true,
    visible: () => panel.shown,
    asked: [],
    post(message: HostMessage) {
      if (message.type !== 'gpu') throw new Error('A panel is asked of its GPU only.');
      panel.asked.push(message);
      const answer = answers(message);
      if (answer !== undefined) gpu.answered({ type: 'gpu', id: message.id, answer, error: null });
    },
  };
  gpu.attach(panel);
  return panel;
}

test('the panel on screen is asked, and stays the one that is', async () => {
  const gpu = new PanelGpu();
  await expect(gpu.call({ method: 'open' })).rejects.toThrow('No panel is on screen');
  const hidden = panelOf(gpu, () => 1);
  hidden.shown = false;
  const shown = panelOf(gpu, ({ call }) => (call.method === 'open' ? { found: false, reason: 'None.' } : 7));
  expect(await gpu.call({ method: 'open' })).toEqual({ found: false, reason: 'None.' });
  hidden.shown = true;
  expect(await gpu.call({ method: 'openGram', d: 3 })).toBe(7);
  expect([hidden.asked.length, shown.asked.length]).toEqual([0, 2]);
});

test('what is asked of a panel that is hidden or closed fails, and so does all that comes after', async () => {
  for (const leave of ['hide', 'close'] as const) {
    const gpu = new PanelGpu();
    const panel = panelOf(gpu, ({ call }) => (call.method === 'open' ? { found: false, reason: '' } : undefined));
    await gpu.call({ method: 'open' });
    const asked = gpu.call({ method: 'openGram', d: 3 });
    // Still on screen: the focus went elsewhere.
    gpu.gone(panel);
    panel.shown = false;
    if (leave === 'hide') gpu.gone(panel);
    else gpu.detach(panel);
    await expect(asked).rejects.toThrow('The panel that had the GPU is gone.');
    await expect(gpu.call({ method: 'openGram', d: 3 })).rejects.toThrow('gone');
  }
});

test('a panel that does not answer is given up; what it refuses is said', async () => {
  const gpu = new PanelGpu(20);
  panelOf(gpu, () => undefined);
  await expect(gpu.call({ method: 'open' })).rejects.toThrow('gone');
  const refusing = new PanelGpu();
  const panel = panelOf(refusing, () => undefined);
  const asked = refusing.call({ method: 'open' });
  refusing.answered({ type: 'gpu', id: panel.asked[0]!.id, answer: null, error: 'It ran out of memory.' });
  await expect(asked).rejects.toThrow('It ran out of memory.');
});
