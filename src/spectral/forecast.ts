import { studentQuantile } from './student';

/** Where a series is at some time to come. */
export interface Prediction {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

/** When a series passes a threshold, in the unit of its times. */
export interface Crossing {
  readonly time: number;
  readonly lower: number;
  readonly upper: number;
}

/**
 * Brownian motion with drift: independent increments of mean `drift` dt and variance `variance` dt, as the logarithms of determinants
 * and of scale have in recursive training (MATHS 9.1). What a value varies without carrying over to the next one adds to the variance, which errs on the wide side.
 */
export interface DriftModel {
  readonly time: number;
  readonly value: number;
  readonly drift: number;
  readonly variance: number;
  /** Time over which the drift was observed. */
  readonly duration: number;
  /** Of the variance. */
  readonly degreesOfFreedom: number;
}

/** @param times ascending, as many as values @returns null for fewer than 4 values: cannot tell */
export function fitDrift(times: Float64Array, values: Float64Array): DriftModel | null {
  const last = values.length - 1;
  if (last < 3) return null;
  const duration = times[last] - times[0];
  const drift = (values[last] - values[0]) / duration;
  let squares = 0;
  for (let i = 1; i <= last; i++) {
    const dt = times[i] - times[i - 1];
    squares += (values[i] - values[i - 1] - drift * dt) ** 2 / dt;
  }
  return {
    time: times[last],
    value: values[last],
    drift,
    variance: squares / (last - 1),
    duration,
    degreesOfFreedom: last - 1,
  };
}

/** The value at a time to come, with the interval that holds it: the drift is uncertain by variance / duration. */
export function predict(model: DriftModel, time: number, confidence: number): Prediction {
  const h = time - model.time;
  const value = model.value + model.drift * h;
  const quantile = studentQuantile((1 + confidence) / 2, model.degreesOfFreedom);
  const half = quantile * Math.sqrt(model.variance * (h + (h * h) / model.duration));
  return { value, lower: value - half, upper: value + half };
}

/**
 * When the series reaches a threshold: the time at which the value of `predict` does, and between which times its interval holds the threshold:
 * the roots h of (distance - drift h)^2 = q^2 variance (h + h^2 / duration).
 * @returns null when the drift does not differ from 0 at this confidence (then the upper root does not exist), or leads away from the threshold
 */
export function crossing(model: DriftModel, threshold: number, confidence: number): Crossing | null {
  const distance = threshold - model.value;
  const quantile = studentQuantile((1 + confidence) / 2, model.degreesOfFreedom);
  const spread = quantile * quantile * model.variance;
  const a = model.drift ** 2 - spread / model.duration;
  if (!(a > 0) || distance * model.drift <= 0) return null;
  const b = distance * model.drift + spread / 2;
  const root = Math.sqrt(Math.max(0, b * b - a * distance * distance));
  const late = (b + root) / a;
  const early = distance ** 2 / (a * late);
  return { time: model.time + distance / model.drift, lower: model.time + early, upper: model.time + late };
}
