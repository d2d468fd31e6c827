"use strict";
// One panel of a figure, drawn from its data as SVG, that says which of its points is pointed at. Texts are set as
// text alone: what a study's author wrote can be read, and never acts.
const Chart = (() => {
  const INK = "#222222", SOFT = "#555555", FAINT = "#e4e4e4", ACCENT = "#0072b2";
  const REACH = 24; // pixels from which a point is pointed at

  const make = (name, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  // How numbers are written, as elsewhere in the page.
  const known = (value) => value !== null && value !== undefined && Number.isFinite(value);
  const number = (value, digits = 4) => {
    if (!known(value)) return "–";
    const size = Math.abs(value);
    const plain = size === 0 || (size >= 1e-4 && size < 1e7);
    const text = plain
      ? value.toLocaleString("en", Number.isInteger(value) ? {} : { maximumSignificantDigits: digits })
      : value.toExponential(digits - 1);
    return text.replaceAll("-", "−").replace("e+", "e");
  };
  const tickText = (value) => {
    if (value < 0) return `−${tickText(-value)}`;
    if (value === 0 || (value >= 9e-5 && value < 1e5)) {
      return value.toLocaleString("en", { maximumSignificantDigits: 3 });
    }
    const exponent = Math.floor(Math.log10(value) + 1e-9);
    const mantissa = Number((value / 10 ** exponent).toPrecision(2));
    const raised = [...String(exponent)].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("");
    return `${mantissa === 1 ? "" : `${mantissa} × `}10${raised}`;
  };

  // An axis: from values to pixels. A logarithmic one that holds 0 is linear up to its least positive value.
  class Axis {
    constructor(kind, values, limits, names, from, to) {
      const shown = values.filter((value) => known(value) && (kind === "linear" || value >= 0));
      const positive = shown.filter((value) => value > 0);
      this.bend = kind === "log" && positive.length < shown.length ? Math.min(...positive) : 0;
      Object.assign(this, { kind, names, from, to });
      let [low, high] = limits ?? [Infinity, -Infinity];
      if (!limits) {
        for (const value of shown) {
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
        if (low > high) [low, high] = kind === "log" ? [1, 10] : [0, 1];
        const [start, end] = [this.bent(low), this.bent(high)];
        const room = 0.05 * (end - start) || (kind === "log" ? 0.1 : 0.05 * Math.abs(end) || 0.5);
        [this.start, this.end] = [start - room, end + room];
      } else {
        [this.start, this.end] = [this.bent(low), this.bent(high)];
      }
      [this.low, this.high] = [this.unbent(this.start), this.unbent(this.end)];
    }

    bent(value) {
      if (this.kind === "linear") return value;
      if (!this.bend) return value > 0 ? Math.log10(value) : -Infinity;
      return value > this.bend ? 0.4 + Math.log10(value / this.bend) : (0.4 * value) / this.bend;
    }

    unbent(place) {
      if (this.kind === "linear") return place;
      if (!this.bend) return 10 ** place;
      return place > 0.4 ? this.bend * 10 ** (place - 0.4) : (place * this.bend) / 0.4;
    }

    at(value) {
      const share = (this.bent(value) - this.start) / (this.end - this.start);
      return this.from + Math.max(-5, Math.min(5, share)) * (this.to - this.from);
    }

    holds(value) {
      return known(value) && value >= this.low - 1e-9 * Math.abs(this.low) && value <= this.high * (1 + 1e-9 * Math.sign(this.high));
    }

    ticks(most) {
      if (this.names.length) return this.names.map((text, place) => [place, text]);
      const values = this.kind === "log" ? this.logTicks(most) : this.evenTicks(most);
      return values.filter((value) => this.holds(value)).map((value) => [value, tickText(value)]);
    }

    evenTicks(most) {
      const raw = (this.high - this.low) / Math.max(most, 1);
      const power = 10 ** Math.floor(Math.log10(raw));
      const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw);
      const first = Math.ceil(this.low / step);
      return Array.from({ length: Math.floor(this.high / step) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)));
    }

    logTicks(most) {
      const low = this.bend || this.low;
      const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(this.high))];
      const inside = (subs) => {
        const found = this.bend ? [0] : [];
        for (let power = first; power <= last; power += 1) found.push(...subs.map((sub) => Number(`${sub}e${power}`)));
        return found.filter((value) => (value >= low || value === 0) && this.holds(value));
      };
      const fits = [[1, 2, 3, 5], [1, 2, 5], [1, 3], [1]].map(inside).find((ticks) => ticks.length <= most);
      if (fits && fits.length > 1) return fits;
      const tens = inside([1]);
      if (tens.length < 2) return this.evenTicks(most);
      return tens.filter((_, i) => i % Math.ceil(tens.length / most) === 0);
    }
  }

  // Markers as paths around a point, by Matplotlib's names.
  const MARKERS = {
    o: (r) => `m${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0z`,
    s: (r) => `m${-r},${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
    D: (r) => `m0,${-1.2 * r}l${1.2 * r},${1.2 * r}l${-1.2 * r},${1.2 * r}l${-1.2 * r},${-1.2 * r}z`,
    "^": (r) => `m0,${-1.1 * r}l${1.1 * r},${2 * r}h${-2.2 * r}z`,
    v: (r) => `m0,${1.1 * r}l${1.1 * r},${-2 * r}h${-2.2 * r}z`,
    P: (r) => `m${-r / 2.5},${-r}h${r / 1.25}v${r / 1.6}h${r / 1.6}v${r / 1.25}h${-r / 1.6}v${r / 1.6}h${-r / 1.25}v${-r / 1.6}h${-r / 1.6}v${-r / 1.25}h${r / 1.6}z`,
    x: (r) => `m${-r},${-r}l${2 * r},${2 * r}m0,${-2 * r}l${-2 * r},${2 * r}`,
  };
  MARKERS.X = MARKERS.x;
  const marked = (marker, x, y, size) => `M${x.toFixed(1)},${y.toFixed(1)}${(MARKERS[marker] ?? MARKERS.o)(0.65 * size)}`;
  const dashed = (trace) => (trace.dashes ?? []).map((length) => 1.33 * length).join(" ");

  // What a trace looks like in a legend.
  const swatch = (trace) => {
    const line = { x1: 1, y1: 7, x2: 27, y2: 7, stroke: trace.colour, "stroke-width": 2, "stroke-dasharray": dashed(trace) };
    const parts = trace.dashes ? [make("line", line)] : [];
    if (trace.marker) parts.push(make("path", { d: marked(trace.marker, 14, 7, 5), fill: trace.colour, stroke: trace.colour }));
    return make("svg", { width: 28, height: 14, viewBox: "0 0 28 14", "aria-hidden": "true" }, ...parts);
  };

  let drawings = 0;

  class Plot {
    // panel: as the figure's data have it. hooks: say(text) to a screen reader, open(trace, place) of a point,
    // about(trace, place), the lines of its label.
    constructor(panel, hooks) {
      Object.assign(this, { panel, hooks, current: null, targets: [], clip: `drawing-${(drawings += 1)}` });
      const text = (name, content) => Object.assign(document.createElement("p"), { className: name, textContent: content });
      const title = [panel.title, panel.y.label].filter(Boolean).join(" · ");
      this.svg = make("svg", {
        tabindex: 0, role: "application", "aria-roledescription": "chart",
        "aria-label": `${title} against ${panel.x.label}. Arrow keys move along the points, Enter opens the runs of a point.`,
      });
      this.label = Object.assign(document.createElement("div"), { className: "label", hidden: true });
      this.label.setAttribute("aria-hidden", "true");
      this.space = document.createElement("div");
      this.space.className = "space";
      this.space.append(this.svg, this.label);
      this.element = document.createElement("div");
      this.element.className = "panel";
      this.element.append(text("y-label", title), this.space, text("x-label", panel.x.label));
      this.svg.addEventListener("pointermove", (event) => this.point(this.nearest(event)));
      this.svg.addEventListener("pointerleave", () => this.point(null));
      this.svg.addEventListener("click", (event) => this.open(this.nearest(event)));
      this.svg.addEventListener("keydown", (event) => this.key(event));
      this.svg.addEventListener("blur", () => this.point(null));
    }

    // state: {x, y: log or linear; hidden: names that are off; intervals: whether they are drawn}
    render(state, width, height) {
      const { panel } = this;
      this.point(null);
      const traces = panel.traces.filter((trace) => !trace.name || !state.hidden.has(trace.name));
      const all = (key) => panel.traces.flatMap((trace) => trace[key] ?? []);
      const measured = panel.traces.filter((trace) => trace.marker);
      const ends = (measured.length ? measured : panel.traces).flatMap((trace) => [
        ...trace.y, ...(state.y === "linear" && trace.marker ? [...(trace.low ?? []), ...(trace.high ?? [])] : []),
      ]);
      const asPrinted = (which) => (state[which] === panel[which].scale ? panel[which].limits : null);
      const y = new Axis(state.y, ends, asPrinted("y"), [], height - 22, 8);
      const yTicks = y.ticks(height / 36);
      const left = 12 + 6.6 * Math.max(2, ...yTicks.map(([, text]) => text.length));
      const x = new Axis(state.x, all("x"), asPrinted("x"), panel.x.names, left, width - 12);
      const xTicks = x.ticks((width - left) / 54);
      const inner = { x: left, y: 8, width: Math.max(1, width - 12 - left), height: height - 30 };
      Object.assign(this, { x, y, inner });

      const grid = make("g", { stroke: FAINT });
      const texts = make("g", { "font-size": 11.5, fill: INK });
      let written = -Infinity; // up to where the labels along x reach
      for (const [value, text] of xTicks) {
        grid.append(make("line", { x1: x.at(value), x2: x.at(value), y1: 8, y2: height - 22 }));
        const half = 3.4 * text.length;
        if (x.at(value) - half < written) continue;
        written = x.at(value) + half + 6;
        texts.append(make("text", { x: x.at(value), y: height - 6, "text-anchor": "middle" }, text));
      }
      for (const [value, text] of yTicks) {
        grid.append(make("line", { x1: left, x2: width - 12, y1: y.at(value), y2: y.at(value) }));
        texts.append(make("text", { x: left - 6, y: y.at(value) + 4, "text-anchor": "end" }, text));
      }
      const frame = make("path", { d: `M${left},8V${height - 22}H${width - 12}`, fill: "none", stroke: SOFT });
      const layers = ["bands", "lines", "marks"].map(() => make("g", { "clip-path": `url(#${this.clip})` }));
      this.targets = [];
      traces.forEach((trace) => this.draw(trace, layers, state.intervals));
      this.ring = make("circle", { r: 8, fill: "none", stroke: ACCENT, "stroke-width": 2.5, visibility: "hidden" });
      const clip = make("clipPath", { id: this.clip }, make("rect", inner));
      this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.svg.setAttribute("width", width);
      this.svg.setAttribute("height", height);
      this.svg.replaceChildren(clip, grid, ...layers, frame, texts, this.ring);
    }

    draw(trace, [bands, lines, marks], intervals) {
      const { x, y } = this;
      const places = trace.x.map((value, i) => i).filter((i) => known(trace.x[i]) && known(trace.y[i]));
      const across = (i, value) => `${x.at(trace.x[i]).toFixed(1)},${y.at(value).toFixed(1)}`;
      const ended = (i) => trace.low && known(trace.low[i]) && known(trace.high[i]);
      const look = { fill: "none", stroke: trace.colour, opacity: trace.opacity };
      if (trace.dashes) {
        const d = places.map((i, n) => `${n ? "L" : "M"}${across(i, trace.y[i])}`).join("");
        lines.append(make("path", { ...look, d, "stroke-width": 1.33 * trace.width, "stroke-dasharray": dashed(trace) }));
      }
      if (intervals && trace.band) {
        const both = places.filter(ended);
        const d = [...both.map((i) => across(i, trace.high[i])), ...both.reverse().map((i) => across(i, trace.low[i]))];
        if (d.length) bands.append(make("path", { d: `M${d.join("L")}z`, fill: trace.colour, opacity: 0.18 }));
      } else if (intervals) {
        const upright = places.filter((i) => ended(i) && !trace.limits?.[i]).map((i) => `M${across(i, trace.low[i])}L${across(i, trace.high[i])}`);
        const level = places.filter((i) => trace.x_low && known(trace.x_low[i]) && known(trace.x_high[i]))
          .map((i) => `M${x.at(trace.x_low[i]).toFixed(1)},${y.at(trace.y[i]).toFixed(1)}H${x.at(trace.x_high[i]).toFixed(1)}`);
        if (upright.length || level.length) marks.append(make("path", { ...look, d: [...upright, ...level].join(""), "stroke-width": 1.2 }));
      }
      const size = 1.33 * trace.size;
      const shape = (i) => ({ "-1": "v", 1: "^" })[trace.limits?.[i]] ?? trace.marker;
      const group = (indices, hollow) => {
        if (!indices.length) return;
        const d = indices.map((i) => marked(shape(i), x.at(trace.x[i]), y.at(trace.y[i]), size)).join("");
        const crossed = trace.marker.toLowerCase() === "x";
        marks.append(make("path", { d, fill: hollow ? "#ffffff" : crossed ? "none" : trace.colour, stroke: trace.colour, "stroke-width": hollow || crossed ? 1.4 : 0, opacity: trace.opacity }));
      };
      if (trace.marker) {
        group(places.filter((i) => !trace.limits?.[i]), false);
        group(places.filter((i) => trace.limits?.[i]), true);
      }
      for (const i of places) {
        if (x.holds(trace.x[i]) && y.holds(trace.y[i])) this.targets.push({ trace, i, at: [x.at(trace.x[i]), y.at(trace.y[i])] });
      }
    }

    // The point that is pointed at: one with a marker if one is near, else one of a line.
    nearest(event) {
      const box = this.svg.getBoundingClientRect();
      const [px, py] = [event.clientX - box.left, event.clientY - box.top];
      let found = null, least = REACH;
      for (const target of this.targets) {
        const away = Math.hypot(target.at[0] - px, target.at[1] - py) + (target.trace.marker ? 0 : REACH / 3);
        if (away < least) [found, least] = [target, away];
      }
      return found;
    }

    point(target) {
      this.current = target;
      this.label.hidden = !target;
      this.svg.style.cursor = target?.trace.runs.length ? "pointer" : "";
      if (!this.ring) return;
      this.ring.setAttribute("visibility", target ? "visible" : "hidden");
      if (!target) return;
      const [cx, cy] = target.at;
      this.ring.setAttribute("cx", cx);
      this.ring.setAttribute("cy", cy);
      this.label.replaceChildren(...this.hooks.about(target.trace, target.i).map((line) => Object.assign(document.createElement("div"), { textContent: line })));
      const room = this.space.clientWidth - this.label.offsetWidth;
      this.label.style.left = `${Math.max(0, Math.min(room, cx + 14 < room ? cx + 14 : cx - 14 - this.label.offsetWidth))}px`;
      this.label.style.top = `${cy > this.inner.height / 2 ? Math.max(0, cy - 14 - this.label.offsetHeight) : cy + 14}px`;
    }

    open(target) {
      if (target?.trace.runs.length) this.hooks.open(target.trace, target.i, this);
    }

    key(event) {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const other = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const along = this.targets.filter((target) => target.trace === (this.current ?? this.targets[0])?.trace).sort((a, b) => a.at[0] - b.at[0]);
      let next = null;
      if (event.key === "Enter" || event.key === " ") this.open(this.current);
      else if (event.key === "Escape" && this.current) this.point(null);
      else if (event.key === "Home") next = along[0];
      else if (event.key === "End") next = along.at(-1);
      else if (step) next = this.current ? along[along.indexOf(this.current) + step] ?? this.current : along[0];
      else if (other) next = this.beside(other);
      else return;
      event.preventDefault();
      if (!next) return;
      this.point(next);
      this.hooks.say(this.hooks.about(next.trace, next.i).join(". "));
    }

    // The point of the next trace that is nearest along x.
    beside(step) {
      const traces = [...new Set(this.targets.map((target) => target.trace))];
      if (!this.current) return this.targets[0];
      const trace = traces[(traces.indexOf(this.current.trace) + step + traces.length) % traces.length];
      const away = (target) => Math.abs(target.at[0] - this.current.at[0]);
      return this.targets.filter((target) => target.trace === trace).reduce((best, target) => (away(target) < away(best) ? target : best));
    }
  }

  return { Plot, swatch, number, known };
})();
