import { expect, it, vi } from 'vitest';

vi.mock('vscode', () => import('./fake-vscode'));
const { doctorText } = await import('../../src/editor/doctor');

it('the doctor says of each backend whether it can be used, how exact it is, and why not, and which formats can be read', () => {
  const text = doctorText({
    version: '0.1.0',
    node: 'v22.1.0',
    platform: 'linux-x64',
    backends: [
      {
        name: 'cpu',
        usable: true,
        description: { name: 'cpu', device: 'EPYC', precision: 'float64', selfTestError: 1.25e-16, fallbackReason: null },
        detail: null,
      },
      { name: 'webgpu', usable: false, description: null, detail: 'No adapter was found.' },
    ],
    formats: [
      {
        id: 'hdf5',
        label: 'HDF5',
        endings: ['.h5'],
        folders: false,
        access: 'both',
        library: 'h5wasm',
        limits: 'Datasets of numbers.',
        problem: null,
      },
    ],
  });
  expect(text).toBe(`# Sigma 0.1.0 on linux-x64, Node v22.1.0

## cpu: ready

- Device: EPYC
- Precision: float64
- Self-test error: 1.3e-16

## webgpu: not usable

- No adapter was found.

## Formats that can be read

- **HDF5** (.h5): Datasets of numbers. Read with h5wasm, which loads.
`);
});
