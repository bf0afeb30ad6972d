import { describe, expect, it } from 'vitest';
import { version } from '../../package.json';
import { doctorText } from '../../src/cli/doctor';
import { createStyle } from '../../src/cli/style';
import { FORMATS } from '../../src/formats/registry';
import { sigma } from './sigma';

describe('sigma doctor', () => {
  it('tests every backend', async () => {
    const { exitCode, stdout, stderr } = await sigma(['doctor', '--json']);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ version, node: process.version, platform: `${process.platform} ${process.arch}` });
    expect(report.formats.map(({ id }: { id: string }) => id)).toEqual(FORMATS.map(({ id }) => id));
    expect(report.formats.filter(({ problem }: { problem: string | null }) => problem !== null)).toEqual([]);
    const cpu = report.backends.find(({ name }: { name: string }) => name === 'cpu');
    expect(cpu.usable).toBe(true);
    expect(cpu.description.selfTestError).toBeLessThan(1e-12);
    for (const { usable, description, detail } of report.backends) {
      if (usable) expect(description).not.toBeNull();
      else expect(detail).toMatch(/\S/);
    }
  });

  it('says it in words', () => {
    const text = doctorText(
      {
        version: '1.2.3',
        node: 'v20.0.0',
        platform: 'linux x64',
        backends: [
          { name: 'webgpu', usable: false, description: null, detail: 'No adapter\u001b[2J was found.' },
          {
            name: 'cpu',
            usable: true,
            description: { name: 'cpu', device: 'A processor', precision: 'float64', selfTestError: 1e-16, fallbackReason: null },
            detail: null,
          },
        ],
        formats: [
          {
            id: 'npy',
            label: 'NumPy array',
            endings: ['.npy'],
            folders: false,
            access: 'both',
            library: null,
            limits: 'All numeric types.',
            problem: null,
          },
          {
            id: 'hdf5',
            label: 'HDF5',
            endings: ['.h5', '.hdf5'],
            folders: true,
            access: 'both',
            library: 'h5wasm',
            limits: 'Datasets of numbers.',
            problem: 'no WebAssembly',
          },
        ],
      },
      createStyle(false),
      80,
    );
    expect(text.split('\n')).toEqual([
      'Sigma 1.2.3  Node v20.0.0, linux x64',
      '',
      '✖ not usable  webgpu',
      '  No adapter was found.',
      '',
      '✔ usable  cpu',
      '  A processor; products in float64; self-test error 1.000 × 10⁻¹⁶',
      '',
      'Formats',
      '  NumPy array  .npy',
      '    All numeric types.',
      '  HDF5  .h5 .hdf5 folders',
      '    Datasets of numbers.',
      '    Cannot be read here: h5wasm does not load (no WebAssembly).',
    ]);
  });

  it('takes no arguments', async () => {
    const { exitCode, stderr } = await sigma(['doctor', 'please']);
    expect(exitCode).toBe(2);
    expect(stderr).toBe("sigma: doctor takes no arguments, but got 'please'\n");
  });
});
