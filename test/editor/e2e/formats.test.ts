import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../../../scripts/chromium.mjs';
import { FORMATS, type FormatRow, formatOfFolder, formatsOfEnding } from '../../../src/formats/registry';
import { isOffered } from '../../../src/words/file-endings';
import { Panel } from '../harness/panel';
import { ANALYZE, EditorSession, repository } from '../harness/session';

/** A file or folder of a format, and the matrix that its panel shows first. */
interface Example {
  /** From the fixtures of formats. */
  readonly path: string;
  readonly rows: number;
  readonly columns: number;
}

const fixtures = path.join(repository, 'test/fixtures/formats');
const ONE_DATASET = 'one-dataset';

/** Formats in which the one dataset is not there. */
const OTHERS: Partial<Record<string, Example>> = {
  datasets: { path: 'datasets/one', rows: 60, columns: 12 },
  dcp: { path: 'dcp/two-ranks', rows: 7, columns: 5 },
  deepspeed: { path: 'deepspeed/stage-2', rows: 6, columns: 2 },
  gguf: { path: 'gguf/float32.gguf', rows: 96, columns: 64 },
  keras: { path: 'hdf5/deflated.keras', rows: 10, columns: 6 },
  vecs: { path: 'vecs/x.fvecs', rows: 5, columns: 3 },
  word2vec: { path: 'word-vectors/gensim.bin', rows: 12, columns: 5 },
};

/** The one dataset in this format, or another example of it. */
function exampleOf({ id, extensions, sharedExtensions = [] }: FormatRow): Example | undefined {
  const names = readdirSync(path.join(fixtures, ONE_DATASET)).filter((name) => name !== 'expected.json');
  const isFolder = (name: string) => statSync(path.join(fixtures, ONE_DATASET, name)).isDirectory();
  const found =
    names.find((name) => isFolder(name) && formatOfFolder(readdirSync(path.join(fixtures, ONE_DATASET, name)))?.id === id) ??
    [...extensions, ...sharedExtensions].flatMap((ending) =>
      names.filter((name) => !isFolder(name) && name.endsWith(ending) && formatsOfEnding(name)[0]?.id === id),
    )[0];
  return found === undefined ? OTHERS[id] : { path: path.join(ONE_DATASET, found), rows: 60, columns: 12 };
}

/** `npy.npy`; a folder keeps what follows its dot. */
function nameOf({ id }: FormatRow, example: Example): string {
  const { base } = path.parse(example.path);
  return base.includes('.') ? `${id}${base.slice(base.indexOf('.'))}` : id;
}

const RAW = 'vectors.bin';
const EXAMPLES = FORMATS.filter(({ id }) => id !== 'raw').map((row) => ({ id: row.id, row, example: exampleOf(row) }));

function fill(folder: string): void {
  for (const { row, example } of EXAMPLES) {
    if (example) cpSync(path.join(fixtures, example.path), path.join(folder, nameOf(row, example)), { recursive: true });
  }
  writeFileSync(path.join(folder, RAW), readFileSync(path.join(fixtures, ONE_DATASET, 'float32.npy')).subarray(-60 * 12 * 4));
  mkdirSync(path.join(folder, 'notes'));
  writeFileSync(path.join(folder, 'notes/readme.md'), 'Nothing here.\n');
}

describe.skipIf(findChromium() === null)('one of each format in a real editor', () => {
  let session: EditorSession;
  let panel: Panel;

  beforeAll(async () => {
    session = await EditorSession.start(fill);
    panel = new Panel(session.workbench);
  });
  afterAll(() => session?.stop());
  afterEach((context) => session.explainFailure(context));

  /** Resolves when the panel of this file or folder shows a whole report. @returns what its header says of the data */
  async function shown(name: string): Promise<readonly string[]> {
    await panel.frame.getByRole('heading', { level: 1, name, exact: true }).waitFor();
    await panel.finished();
    return panel.frame.getByRole('list', { name: 'About the data' }).getByRole('listitem').allInnerTexts();
  }

  const analyze = async (name: string): Promise<void> => session.workbench.choose(await session.workbench.explorerItem(name), ANALYZE);

  test.for(EXAMPLES)('$id: the menu has the action, which opens the panel with the verdict', async ({ id, row, example }) => {
    if (example === undefined) throw new Error(`There is no example of ${id}: put the one dataset in it into ${fixtures}/${ONE_DATASET}.`);
    const { workbench } = session;
    const name = nameOf(row, example);
    const isFolder = statSync(path.join(session.workspace, name)).isDirectory();
    if (row.text && !isFolder) {
      await (await workbench.explorerItem(name)).dblclick();
      await workbench.tab(name).waitFor();
      await workbench.page.locator('.editor-instance .monaco-editor:visible').first().waitFor();
    }
    if (isFolder || isOffered(name)) {
      await analyze(name);
    } else {
      // Files of other kinds have the ending too: it is for the person to ask.
      await (await workbench.explorerItem(name)).dblclick();
      await workbench.tab(name).waitFor();
      await workbench.command(ANALYZE);
    }
    const facts = await shown(name);
    expect(facts).toEqual(expect.arrayContaining([`${example.rows} × ${example.columns}`, id]));
  });

  test('raw: a person gives shape and type, and the panel shows the verdict', async () => {
    const { page } = session.workbench;
    await analyze(RAW);
    await panel.frame.getByRole('heading', { level: 1, name: RAW, exact: true }).waitFor();
    await panel.failure.waitFor();
    await session.screenshot('formats-raw-asked');
    await panel.button('Give its shape and type…').click();
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'float32' }).first().click();
    const box = page.locator('.quick-input-widget');
    await box.getByText('How many numbers has a row').waitFor();
    await box.locator('input[type=text]').fill('7');
    await box.getByText('720 numbers make no whole rows of 7.').waitFor();
    await box.locator('input[type=text]').fill('12');
    await box.getByText('60 rows of 12 numbers, float32').waitFor();
    await session.screenshot('formats-raw-columns');
    await page.keyboard.press('Enter');
    expect(await shown(RAW)).toEqual(expect.arrayContaining(['60 × 12', 'float32', 'raw']));
    await panel.frame.getByText('read in the shape and type that were given').waitFor();
    await session.screenshot('formats-raw');
    await session.workbench.command('View: Close Editor');
    await session.workbench.tab(RAW).waitFor({ state: 'hidden' });
    // The answer is remembered.
    await analyze(RAW);
    expect(await shown(RAW)).toContain('60 × 12');
  });

  test('a folder that is none of them says so, and offers to be watched', async () => {
    const { page } = session.workbench;
    await analyze('notes');
    const message = page.locator('.notification-toast', { hasText: '“notes” is not a dataset or a model as a whole.' });
    await message.getByRole('button', { name: 'Watch This Folder' }).waitFor();
    await message.getByRole('button', { name: 'Choose a File…' }).waitFor();
    await session.screenshot('formats-folder');
    await message.hover();
    await message.locator('.codicon-notifications-clear').click();
  });

  test('the check of backends and formats lists what can be read, and that its library loads', async () => {
    const { workbench } = session;
    await workbench.command('Sigma: Check Backends and Formats');
    for (const text of ['Formats that can be read', 'Read with h5wasm, which loads.']) {
      await workbench.page.locator('.view-line', { hasText: text }).first().waitFor();
    }
    await session.screenshot('formats-doctor');
  });

  test('a window that is loaded anew has the panel of a folder again', async () => {
    const { workbench } = session;
    await workbench.reload(ANALYZE);
    await workbench.tab('dcp').click();
    expect(await shown('dcp')).toContain('7 × 5');
    await session.screenshot('formats-reloaded');
  });
});
