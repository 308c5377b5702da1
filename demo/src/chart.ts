import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { make, setText } from './element.js';

export interface Line {
  label: string;
  /** A custom property of the style sheet that holds its colour. */
  color: string;
  /** Tells lines apart where colour does not. */
  dash?: number[];
  fill?: boolean;
}

export interface ChartOptions {
  title: string;
  lines: Line[];
}

const HEIGHT = 200;

/** A chart that is a figure: with a sentence that says what it shows, and its numbers as a table. */
export class Chart {
  readonly #figure: HTMLElement;
  readonly #options: ChartOptions;
  readonly #summary = make('p', '', { class: 'summary' });
  readonly #table = make('table');
  readonly #box = make('div', '', { class: 'plot', 'aria-hidden': 'true' });
  #plot: uPlot;

  constructor(figure: HTMLElement, options: ChartOptions) {
    this.#figure = figure;
    this.#options = options;
    const details = make('details');
    const scroll = make('div', '', {
      class: 'scroll',
      tabindex: '0',
      role: 'region',
      'aria-label': `${options.title}: data`,
    });
    scroll.append(this.#table);
    details.append(make('summary', 'Show data'), scroll);
    figure.append(make('figcaption', options.title), this.#summary, this.#box, details);
    this.#plot = this.#draw();
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(this.#box);
    // uPlot paints a canvas: new colours need a new painting.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#redraw());
  }

  /** @param columns the instants in epoch seconds, then the values of each line */
  show(columns: number[][], summary: string): void {
    this.#plot.setData(columns as uPlot.AlignedData);
    setText(this.#summary, summary);
    if (this.#figure.querySelector('details')?.open) this.#fillTable(columns);
  }

  #redraw(): void {
    const { data } = this.#plot;
    this.#plot.destroy();
    this.#plot = this.#draw();
    this.#plot.setData(data);
  }

  #draw(): uPlot {
    const color = (name: string): string => getComputedStyle(this.#figure).getPropertyValue(name).trim();
    const axis = {
      stroke: color('--muted'),
      grid: { stroke: color('--line'), width: 1 },
      ticks: { show: false },
    };
    const font = '12px system-ui, sans-serif';
    const lines = this.#options.lines.map(({ label, color: name, dash, fill }) => ({
      label,
      stroke: color(name),
      width: 2,
      points: { show: false },
      ...(dash ? { dash } : {}),
      ...(fill ? { fill: color(`${name}-fill`) } : {}),
    }));
    return new uPlot(
      {
        ...this.#size(),
        series: [{}, ...lines],
        axes: [
          {
            ...axis,
            font,
            values: (_, ticks) => ticks.map((at) => new Date(at * 1000).toLocaleTimeString().slice(0, 8)),
          },
          { ...axis, font, size: 44 },
        ],
        scales: { y: { range: (_, __, max) => [0, Math.max(5, max * 1.1)] } },
        legend: { live: false },
        cursor: { show: false },
      },
      [[], ...lines.map(() => [])],
      this.#box,
    );
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(200, this.#box.clientWidth), height: HEIGHT };
  }

  #fillTable(columns: number[][]): void {
    const names = ['Time', ...this.#options.lines.map(({ label }) => label)];
    const head = make('tr');
    head.append(...names.map((name) => make('th', name, { scope: 'col' })));
    const [instants = [], ...values] = columns;
    const rows = instants.map((at, i) => {
      const row = make('tr');
      row.append(
        make('td', new Date(at * 1000).toLocaleTimeString()),
        ...values.map((column) => make('td', String(column[i]))),
      );
      return row;
    });
    this.#table.replaceChildren(head, ...rows.toReversed().slice(0, 30));
  }
}
