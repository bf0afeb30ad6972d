import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generated } from '../../scripts/formats.mjs';
import { COMPARE_TOOL, HEALTH_TOOL } from '../../src/agents/tools';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import {
  COMMANDS,
  COMPARE_PANEL,
  FILE_ENDINGS,
  FOLDER_PANEL,
  HEALTH_VIEW,
  isAnalysable,
  isOffered,
  MCP_SERVERS,
  RUN_PANEL,
  RUNS_HIDDEN,
  SECTION,
  SPECTRUM_EDITOR,
  WATCHED_FOLDERS,
  WATCHING,
} from '../../src/editor/contributions';
import { SETTINGS } from '../../src/editor/settings';
import { CLEAR_ENDINGS, FORMATS } from '../../src/formats/registry';

interface MenuItem {
  command: string;
  when: string;
  group: string;
}
interface Manifest {
  contributes: {
    commands: { command: string; title: string; category?: string }[];
    menus: Record<string, MenuItem[]>;
    configurationDefaults: Record<string, unknown>;
    customEditors: { viewType: string; priority: string; selector: { filenamePattern: string }[] }[];
    viewsContainers: { activitybar: { id: string; icon: string }[] };
    views: Record<string, { id: string; icon: string }[]>;
    viewsWelcome: { view: string; when: string; contents: string }[];
    walkthroughs: { id: string; steps: { id: string; description: string; media: { markdown: string }; completionEvents: string[] }[] }[];
    languageModelTools: {
      name: string;
      modelDescription: string;
      inputSchema: object;
      when: string;
      canBeReferencedInPrompt: boolean;
      toolReferenceName: string;
    }[];
    mcpServerDefinitionProviders: { id: string }[];
    colors: { id: string; defaults: Record<string, string> }[];
    configuration: { properties: Record<string, { type: string | string[]; default: unknown; enum?: string[]; scope: string }> };
  };
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
}

const json = (path: string) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
const manifest: Manifest = json('package.json');
const strings: Record<string, string> = json('package.nls.json');
const { contributes } = manifest;
/** Menus in which nothing but ours stands, and the palette, which shows the category. */
const isOurs = (menu: string) => menu.startsWith('view/') || menu === 'commandPalette';
const properties = contributes.configuration.properties;

describe('the manifest and the code agree on', () => {
  it('commands', () => {
    expect(contributes.commands.map(({ command }) => command).sort()).toEqual(Object.values(COMMANDS).sort());
    // A menu shows the title alone, so a command that stands among other extensions' there carries the name itself.
    const inMenus = new Set(
      Object.entries(contributes.menus).flatMap(([menu, items]) => (isOurs(menu) ? [] : items.map(({ command }) => command))),
    );
    for (const { command, category, title } of contributes.commands) {
      const shown = strings[title.replaceAll('%', '')]!;
      expect(category === undefined ? shown : `${category}: ${shown}`).toMatch(/^Sigma: (?!Sigma)/);
      if (inMenus.has(command)) expect(shown).toMatch(/^Sigma: /);
    }
    const known = new Set<string>(Object.values(COMMANDS));
    expect(
      Object.values(contributes.menus)
        .flat()
        .filter(({ command }) => !known.has(command)),
    ).toEqual([]);
  });

  it('the custom editor and its files', () => {
    const [editor, ...others] = contributes.customEditors;
    expect(others).toEqual([]);
    expect(editor!.viewType).toBe(SPECTRUM_EDITOR);
    expect(editor!.priority).toBe('option');
    expect(contributes.configurationDefaults).toEqual({ 'workbench.editorAssociations': { '*.safetensors': SPECTRUM_EDITOR } });
    expect(editor!.selector.map(({ filenamePattern }) => filenamePattern).sort()).toEqual(
      FILE_ENDINGS.map((ending) => `*${ending}`).sort(),
    );
  });

  it('the formats that can be read: `node scripts/formats.mjs` writes what this compares', async () => {
    const files = await generated();
    expect(Object.keys(files)).toEqual(['README.md', 'package.json']);
    for (const [name, text] of Object.entries(files)) {
      expect(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'), name).toBe(text);
    }
    for (const { extensions, sharedExtensions = [] } of FORMATS) {
      for (const ending of [...extensions, ...sharedExtensions]) {
        expect(FILE_ENDINGS, ending).toContain(ending);
        expect(isAnalysable(`a${ending}`), ending).toBe(true);
      }
    }
  });

  it('the panels that come back with the window', () => {
    const events = json('package.json').activationEvents as string[];
    expect(events.filter((event) => event.startsWith('onWebviewPanel:'))).toEqual(
      [FOLDER_PANEL, RUN_PANEL, COMPARE_PANEL].map((panel) => `onWebviewPanel:${panel}`),
    );
  });

  it('settings and their defaults', () => {
    expect(Object.keys(properties).sort()).toEqual(
      Object.keys(SETTINGS)
        .map((name) => `${SECTION}.${name}`)
        .sort(),
    );
    const defaults = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name.replace(`${SECTION}.`, ''), property.default]),
    );
    expect(defaults).toEqual({
      backend: DEFAULT_OPTIONS.backend,
      ridge: DEFAULT_OPTIONS.ridge,
      confidence: DEFAULT_OPTIONS.confidence,
      maxRows: DEFAULT_OPTIONS.rows,
      tolerance: DEFAULT_OPTIONS.tolerance,
      normalize: 'auto',
      runs: [],
      notifications: 'collapse',
      'inline.codeLens': true,
      'inline.text': 'off',
    });
    expect(properties['sigma.backend']!.enum).toEqual(SETTINGS.backend.options);
    expect(properties['sigma.normalize']!.enum).toEqual(SETTINGS.normalize.options);
    expect(properties['sigma.notifications']!.enum).toEqual(SETTINGS.notifications.options);
  });

  it('settings that an untrusted folder may not set', () => {
    expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.filter((name) => !(name in properties))).toEqual([]);
  });

  it('no setting that may name a path or a program counts in an untrusted folder', () => {
    // Numbers, switches and words from a list name nothing.
    const free = Object.entries(properties).filter(([, { type, enum: words }]) => {
      const types = [type].flat();
      return words === undefined && types.some((each) => each !== 'number' && each !== 'integer' && each !== 'boolean' && each !== 'null');
    });
    const restricted = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
    expect(free.map(([name]) => name)).toEqual(['sigma.runs']);
    expect(restricted).toEqual(expect.arrayContaining(free.map(([name]) => name)));
  });
});

describe('the context menus', () => {
  /** The part of a when-clause that reads the file's name: `key =~ /pattern/flags`, joined by `||`. */
  function offered({ when }: MenuItem, fileName: string): boolean {
    const keys: Record<string, string> = { resourceExtname: /\.[^.]*$/.exec(fileName)?.[0] ?? '', resourceFilename: fileName };
    return when.split(' || ').some((clause) => {
      if (clause === 'explorerResourceIsFolder') return false;
      const [, key, pattern, flags] = /^(\w+) =~ \/(.*)\/(i?)$/.exec(clause)!;
      return new RegExp(pattern!, flags).test(keys[key!]!);
    });
  }

  const menus = ['explorer/context', 'editor/title/context'] as const;
  it.each(menus)('%s offers the analysis on each file that can be read, in any case, and on no other', (menu) => {
    const [item, ...others] = contributes.menus[menu]!.filter(({ command }) => command === COMMANDS.analyze);
    expect(others).toEqual([]);
    for (const ending of CLEAR_ENDINGS.map((clear) => clear.slice(1))) {
      expect(offered(item!, `model.${ending}`), ending).toBe(true);
      expect(offered(item!, `MODEL.${ending.toUpperCase()}`), ending).toBe(true);
    }
    for (const name of ['config.json', 'index.json', 'notes.txt', 'npy', 'a.npy.bak', 'train.py', 'x.safetensors.index.json.orig']) {
      expect(offered(item!, name), name).toBe(false);
      expect(isOffered(name), name).toBe(false);
    }
  });
});

it('the Explorer offers the analysis on folders, which may be datasets and models', () => {
  const item = contributes.menus['explorer/context']!.find(({ command }) => command === COMMANDS.analyze);
  expect(item!.when.split(' || ')[0]).toBe('explorerResourceIsFolder');
});

it('the Explorer offers to compare where several files and folders are selected that it offers to analyse', () => {
  const clause = (command: string) => contributes.menus['explorer/context']!.find((item) => item.command === command)!.when;
  expect(clause(COMMANDS.compare)).toBe(`(${clause(COMMANDS.analyze)}) && listMultiSelection`);
});

it('the tools for language models and the server are declared as they are registered', () => {
  const declared = contributes.languageModelTools.map(({ name, modelDescription, inputSchema }) => ({
    name,
    modelDescription,
    inputSchema,
  }));
  expect(declared).toEqual(
    [HEALTH_TOOL, COMPARE_TOOL].map(({ name, description, inputSchema }) => ({ name, modelDescription: description, inputSchema })),
  );
  for (const { when, canBeReferencedInPrompt, toolReferenceName } of contributes.languageModelTools) {
    expect(when).toContain('isWorkspaceTrusted');
    expect(canBeReferencedInPrompt).toBe(true);
    expect(toolReferenceName).toMatch(/^\w+$/);
  }
  expect(contributes.mcpServerDefinitionProviders.map(({ id }) => id)).toEqual([MCP_SERVERS]);
  const packaged = readFileSync(new URL('../../.vscodeignore', import.meta.url), 'utf8').split('\n');
  for (const program of ['sigma.js', 'sigma-commands.js', 'matrix-worker.js', 'engine.js', 'worker.js', 'gpu-device.js'])
    expect(packaged).toContain(`!dist/${program}`);
});

it('the Explorer offers on a folder to watch it, or to stop where it is watched', () => {
  const offers = contributes.menus['explorer/context']!.filter(
    ({ command }) => command === COMMANDS.watchRun || command === COMMANDS.unwatchRun,
  );
  expect(offers.map(({ command, when }) => [command, when.split(' && ').toSorted()])).toEqual([
    [COMMANDS.watchRun, ['explorerResourceIsFolder', 'isWorkspaceTrusted', `resourcePath not in ${WATCHED_FOLDERS}`]],
    [COMMANDS.unwatchRun, ['explorerResourceIsFolder', `resourcePath in ${WATCHED_FOLDERS}`]],
  ]);
});

it('every text of the manifest is there, and none is left over', () => {
  const texts = json('package.nls.json');
  const used = [...JSON.stringify(manifest).matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key!);
  expect(Object.keys(texts).sort()).toEqual([...new Set(used)].sort());
});

describe('the view Model Health', () => {
  it('stands in a container of ours, and its menus are for it alone', () => {
    expect(contributes.viewsContainers.activitybar.map(({ id }) => contributes.views[id]!.map((view) => view.id))).toEqual([[HEALTH_VIEW]]);
    const items = ['view/title', 'view/item/context'].flatMap((menu) => contributes.menus[menu]!);
    for (const { when } of items) expect(when).toMatch(new RegExp(`^view == ${HEALTH_VIEW}( &&|$)`));
  });

  it.each([
    ['is trusted and watches nothing', { isWorkspaceTrusted: true }, 'empty'],
    ['is not trusted', {}, 'restricted'],
    ['waits for the first checkpoint', { isWorkspaceTrusted: true, [WATCHING]: true }, 'looking'],
    ['is filtered', { isWorkspaceTrusted: true, [WATCHING]: true, [RUNS_HIDDEN]: true }, 'filtered'],
  ])('says one thing while it is empty and %s', (_, keys: Record<string, boolean>, text) => {
    const holds = ({ when }: { when: string }) =>
      when.split(' && ').every((key) => (key.startsWith('!') ? !keys[key.slice(1)] : keys[key] === true));
    expect(contributes.viewsWelcome.filter(holds).map(({ view, contents }) => [view, contents])).toEqual([
      [HEALTH_VIEW, `%welcome.${text}%`],
    ]);
  });
});

it('links in texts of the manifest lead to commands that exist', () => {
  const own = new Set<string>(Object.values(COMMANDS));
  const editors = [
    'workbench.action.openSettings',
    'workbench.action.openWalkthrough',
    'workbench.trust.manage',
    'workbench.action.terminal.new',
  ];
  const links = Object.values(strings).flatMap((text) => [...text.matchAll(/\]\(command:([\w.]+)/g)].map(([, command]) => command!));
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((command) => !own.has(command) && !editors.includes(command))).toEqual([]);
});

it('the pictures and texts that the manifest names are there, and come along in the package', () => {
  const named = [
    ...contributes.viewsContainers.activitybar.map(({ icon }) => icon),
    ...Object.values(contributes.views).flatMap((views) => views.map(({ icon }) => icon)),
    ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown)),
    'samples/replace-s0/generation-10/embeddings.npy',
  ];
  const packaged = readFileSync(new URL('../../.vscodeignore', import.meta.url), 'utf8').split('\n');
  for (const path of named) {
    expect(readFileSync(new URL(`../../${path}`, import.meta.url)).length, path).toBeGreaterThan(0);
    expect(packaged.includes(`!${path}`) || packaged.includes(`!${path.replace(/[^/]+(?=\.md$)/, '*')}`), path).toBe(true);
  }
  expect(contributes.walkthroughs.flatMap(({ steps }) => steps)).toHaveLength(4);
});

it('the colours of levels are contributed, with a default in every kind of theme', () => {
  const source = readFileSync(new URL('../../src/editor/level-looks.ts', import.meta.url), 'utf8');
  const used = [...source.matchAll(/'(sigma\.\w+Foreground)'/g)].map(([, id]) => id!);
  expect(used.length).toBeGreaterThan(0);
  expect(used.filter((id) => !contributes.colors.some((colour) => colour.id === id))).toEqual([]);
  for (const { defaults } of contributes.colors)
    expect(Object.keys(defaults)).toEqual(['dark', 'light', 'highContrast', 'highContrastLight']);
});
