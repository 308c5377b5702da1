import type { Lab } from './lab.js';

/** One line of a result: a figure, its unit, and how it compares with the line named. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  spread?: { min: number; max: number };
  ratioTo?: { name: string; ratio: number };
}

export interface RunOptions {
  /** For its shape only: as few repetitions as will do. */
  isSmoke: boolean;
}

/** A benchmark: alternates what it compares within one run, and answers figures. */
export interface Benchmark {
  name: string;
  /** What it shows, in one sentence. */
  shows: string;
  /** It looks into the browser in a way that Chromium alone allows. */
  isChromiumOnly?: true;
  run: (lab: Lab, options: RunOptions) => Promise<Figure[]>;
}
