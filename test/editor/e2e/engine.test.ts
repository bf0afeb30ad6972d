import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findChromium } from '../../../scripts/chromium.mjs';
import { noise, writeNpy } from '../harness/files';
import { Panel } from '../harness/panel';
import { ANALYZE, EditorSession } from '../harness/session';

const patience = { timeout: 20_000 };

describe.skipIf(findChromium() === null)('the engine behind a real editor', () => {
  let session: EditorSession;
  let panel: Panel;

  beforeEach(async () => {
    session = await EditorSession.start((folder) => writeNpy(path.join(folder, 'rows.npy'), 20_000, 512, noise(20_000 * 512, 1)));
    panel = new Panel(session.workbench);
    await session.workbench.choose(await session.workbench.explorerItem('rows.npy'), ANALYZE);
  });
  afterEach(async (context) => {
    await session?.explainFailure(context);
    await session?.stop();
  });

  /** The one engine that runs, once it is not `previous`. */
  const runningEngine = (previous?: number) =>
    vi.waitFor(() => {
      const pids = session.enginePids();
      expect(pids).toHaveLength(1);
      expect(pids[0]).not.toBe(previous);
      return pids[0]!;
    }, patience);

  test('killed during an analysis, it starts again; killed again, the panel says so and a retry works', async () => {
    await panel.progress.waitFor();
    const first = await runningEngine();
    process.kill(first, 'SIGKILL');
    const second = await runningEngine(first);
    process.kill(second, 'SIGKILL');
    await panel.failure.getByText('stopped unexpectedly').waitFor();
    await panel.button('Retry').click();
    await panel.frame.getByText(/^Read [\d,]+ of 20,000 rows/).waitFor();
    await runningEngine(second);
  });

  test('it ends with the window', async () => {
    await runningEngine();
    await session.workbench.close();
    await vi.waitFor(() => expect(session.enginePids()).toEqual([]), patience);
  });

  test('it ends with the editor', async () => {
    await runningEngine();
    await session.server.stop();
    await vi.waitFor(() => expect(session.enginePids()).toEqual([]), patience);
  });
});
