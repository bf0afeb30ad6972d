import { defineConfig } from 'vitest/config';

/** What runs the programs in dist/ rather than the sources. */
const built = ['test/engine/**/*.test.ts', 'test/cli/**/*.test.ts', 'test/**/*.browser.test.ts', 'test/network.test.ts'];
/** What is packaged, of which it builds. */
const packaged = ['test/package/**/*.test.ts'];
/** The packaged extension in a real editor. */
const editor = ['test/editor/e2e/**/*.test.ts'];
const inEveryEdition = ['test/editor/e2e/{activation,walk}.test.ts'];
const inEditor = { testTimeout: 60_000, hookTimeout: 120_000, fileParallelism: false };

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...built, ...packaged, ...editor], testTimeout: 20_000 } },
      { test: { name: 'built', include: built, testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { name: 'package', include: packaged, testTimeout: 120_000, hookTimeout: 120_000 } },
      { test: { name: 'editor', include: editor, provide: { edition: 'newest' }, ...inEditor } },
      { test: { name: 'editor-oldest', include: inEveryEdition, provide: { edition: 'oldest' }, ...inEditor } },
    ],
  },
});
