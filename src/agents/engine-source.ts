import type { AnalysisOptions } from '../analysis/report';
import type { EngineClient } from '../engine/client';
import type { HealthSource } from './tools';

/** The part of the engine that the tools need. */
export type ToolEngine = Pick<EngineClient, 'inspect' | 'analyze' | 'compare' | 'run'>;

/** The engine as a source of numbers. @param options of an analysis of the file or folder at a path */
export function engineSource(engine: ToolEngine, options: (path: string) => AnalysisOptions): Omit<HealthSource, 'checkpointOf'> {
  const priority = 'visible';
  return {
    inspect: (path, signal) => engine.inspect(path, signal),
    analyze: (place, watch) => engine.analyze({ ...place, options: options(place.path), priority }, watch),
    compare: (a, b, watch) => engine.compare({ a, b, options: options(a.path), priority }, watch),
    run: (path, watch) => engine.run({ path, options: options(path), priority }, watch),
  };
}
