"use strict";
// The figures of the page that answer: their switches, and what a point's runs are. Without scripts the printed ones
// stay, and on paper they stand in any case.
(() => {
  const { Plot, swatch, number, known } = Chart;
  const byId = (id) => document.getElementById(id);
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const pressed = (button, on) => button.setAttribute("aria-pressed", on);
  const toggle = (content, on, turn) => {
    const button = make("button", { type: "button", className: "switch" }, ...content);
    pressed(button, on);
    button.addEventListener("click", () => {
      const next = button.getAttribute("aria-pressed") !== "true";
      pressed(button, next);
      turn(next);
    });
    return button;
  };

  // The table of runs, and the curves of those that points stand for.
  const columns = [...document.querySelectorAll("#runs-table thead th")].map((head) => head.textContent);
  const runs = new Map(JSON.parse(byId("runs-data").textContent).map((row) => [row[0], row]));
  const repeats = byId("runs-about").dataset.repeats.split(" ").filter((name) => columns.includes(name));
  const cell = (id, column) => runs.get(id)?.[columns.indexOf(column)] ?? "";
  const repeatOf = (id) => repeats.map((name) => `${name} ${cell(id, name)}`).join(", ") || `run ${id}`;
  const unpack = async () => {
    const data = byId("curves-data");
    if (!data) return null;
    const { packed } = JSON.parse(data.textContent);
    const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
    const whole = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const curves = JSON.parse(await new Response(whole).text());
    curves.place = new Map(curves.runs.map((id, place) => [id, place]));
    return curves;
  };
  let unpacked = null;

  // What is said of a point.
  const behind = (answers, trace, i) => answers.runs[trace.runs.length === 1 ? trace.runs[0] : trace.runs[i]];
  const place = (panel, trace, i) => {
    const limit = { "-1": "at most ", 1: "at least " }[trace.limits?.[i]] ?? "";
    const ends = known(trace.low?.[i]) && known(trace.high?.[i]) && !limit;
    const interval = ends ? ` [${number(trace.low[i])}, ${number(trace.high[i])}]` : "";
    return [
      ...(trace.name ? [trace.name] : []),
      `${panel.x.label}: ${panel.x.names[trace.x[i]] ?? number(trace.x[i])}`,
      `${panel.y.label || panel.title}: ${limit}${number(trace.y[i])}${interval}`,
    ];
  };
  const about = (answers, panel, trace, i) => {
    const lines = place(panel, trace, i);
    const group = behind(answers, trace, i);
    if (!group?.n) return lines;
    if (group.n === 1) return [...lines, `run ${group.ids[0]}${repeats.length ? `, ${repeatOf(group.ids[0])}` : ""}`];
    const most = 5;
    const each = group.ids.slice(0, most).map((id, k) => `${repeatOf(id)}${known(group.values[k]) ? `: ${number(group.values[k])}` : ""}`);
    const rest = group.n > most ? [`… and ${group.n - most} more`] : [];
    return [...lines, `${group.n} runs${group.what && group.values.length ? `, ${group.what}` : ""}`, ...each, ...rest];
  };

  // The window with the runs of a point: their curves, and the configuration of the one that is chosen.
  const title = make("h2", { id: "asked-title" });
  const content = make("div", { className: "asked-content" });
  const shut = make("button", { type: "button", className: "switch", textContent: "Close" });
  const asked = make("dialog", { className: "asked" }, make("header", {}, title, shut), content);
  asked.setAttribute("aria-labelledby", title.id);
  shut.addEventListener("click", () => asked.close());
  asked.addEventListener("click", (event) => event.target === asked && asked.close());
  document.body.append(asked);

  const configuration = (id) => {
    const row = runs.get(id);
    if (!row) return make("p", { textContent: `The table of runs has no run ${id}.` });
    const pairs = columns.flatMap((name, i) => (["", "–"].includes(row[i]) ? [] : [make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: row[i] }))]));
    return make("div", {}, make("h3", { textContent: `Configuration of run ${id}` }), make("dl", {}, ...pairs), make("p", { className: "small", textContent: byId("runs-about").textContent }));
  };

  const curvesOf = (curves, group, choose) => {
    const there = group.ids.filter((id) => curves.place.has(id));
    const wanted = curves.columns.indexOf(group.what);
    let column = wanted < 0 ? 0 : wanted;
    let chosen = null;
    const state = { x: "log", y: null, hidden: new Set(), intervals: false };
    const host = make("div", { className: "paper" });
    const render = () => {
      const traces = there.map((id) => {
        const at = curves.place.get(id);
        const values = curves.values[column][at];
        const own = id === chosen;
        return { id, name: "", x: curves.grids[curves.grid[at]], y: values, runs: [id], colour: own ? "#0072b2" : "#777777", dashes: [], marker: "", width: own ? 2 : 1, size: 4, opacity: own || there.length === 1 ? 1 : 0.55, band: false };
      });
      traces.sort((a, b) => (a.id === chosen) - (b.id === chosen));
      const values = traces.flatMap((trace) => trace.y).filter(known);
      const positive = Math.min(...values) > 0;
      logY.disabled = !positive;
      const wide = positive && Math.max(...values) > 2.5 * Math.min(...values);
      const panel = { title: "", x: { label: "step", scale: "", limits: null, names: [] }, y: { label: curves.columns[column], scale: "", limits: null, names: [] }, traces };
      const plot = new Plot(panel, {
        say,
        open: (trace) => choose(trace.id),
        about: (trace, i) => [`run ${trace.id}${repeats.length ? `, ${repeatOf(trace.id)}` : ""}`, ...place(panel, trace, i)],
      });
      host.replaceChildren(plot.element);
      const y = positive ? state.y ?? (wide ? "log" : "linear") : "linear";
      pressed(logY, y === "log");
      plot.render({ ...state, y }, Math.max(220, host.clientWidth - 16), 260);
    };
    const pick = make("select", {}, ...curves.columns.map((name, i) => make("option", { value: i, textContent: name, selected: i === column })));
    pick.addEventListener("change", () => { column = Number(pick.value); state.y = null; render(); });
    const logX = toggle(["log x"], true, (on) => { state.x = on ? "log" : "linear"; render(); });
    const logY = toggle(["log y"], true, (on) => { state.y = on ? "log" : "linear"; render(); });
    const out = group.ids.length - there.length;
    const left = out ? [make("p", { className: "small", textContent: `${out} of these runs have no curve in this page, to keep it small; curves.parquet has all.` })] : [];
    const bar = make("div", { className: "switches" }, make("label", {}, "Learning curve of ", pick), logX, logY);
    return { element: make("div", {}, ...(there.length ? [bar, host] : []), ...left), show: (id) => { chosen = id; if (there.length) render(); } };
  };

  const open = async (lines, group, plot, target) => {
    title.textContent = lines.join(" · ");
    content.replaceChildren();
    asked.showModal();
    asked.onclose = () => { plot.svg.focus(); plot.point(target); };
    let curves = null;
    let lacking = "A table of runs has no learning curves.";
    try {
      curves = await (unpacked ??= unpack());
    } catch {
      lacking = "This browser cannot unpack the learning curves; curves.parquet has them.";
    }
    const details = make("div", { className: "configuration" });
    details.setAttribute("aria-live", "polite");
    const buttons = new Map();
    const choose = (id) => {
      for (const [own, button] of buttons) pressed(button, own === id);
      details.replaceChildren(configuration(id));
      drawn?.show(id);
    };
    const drawn = curves && curvesOf(curves, group, choose);
    const valued = group.what && group.values.length;
    const rows = group.ids.map((id, k) => {
      const button = make("button", { type: "button", className: "switch", textContent: id });
      button.addEventListener("click", () => choose(id));
      buttons.set(id, button);
      const cells = [...repeats.map((name) => cell(id, name)), ...(valued ? [number(group.values[k])] : []), cell(id, "status")];
      return make("tr", {}, make("td", {}, button), ...cells.map((text) => make("td", { textContent: text })));
    });
    const heads = ["run", ...repeats, ...(valued ? [group.what] : []), "status"].map((text) => make("th", { scope: "col", textContent: text }));
    const listed = make("div", { className: "scroll listed" }, make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)));
    const rest = group.n > group.ids.length ? [make("p", { className: "small", textContent: `${group.ids.length} of ${number(group.n)} runs are listed.` })] : [];
    content.replaceChildren(drawn ? drawn.element : make("p", { textContent: lacking }), listed, ...rest, details);
    choose(group.ids[0]);
    content.scrollTop = 0;
  };

  // What a screen reader says of the point that the keys have moved to.
  const spoken = make("div", { className: "unseen" });
  spoken.setAttribute("role", "status");
  document.body.append(spoken);
  const say = (text) => {
    (asked.open ? asked : document.body).append(spoken);
    spoken.textContent = text;
  };

  const couldBeLog = (panel, which) => {
    const values = panel.traces.filter((trace) => trace.marker || trace.dashes).flatMap((trace) => trace[which]).filter(known);
    return !panel[which].names?.length && values.some((value) => value > 0) && values.every((value) => value >= 0);
  };

  const BESIDE = 460; // pixels of width from which the first of several panels has the others beside it

  const bringToLife = (figure, answers) => {
    const panels = answers.panels.filter((panel) => panel.traces.length);
    if (!panels.length) return;
    const state = { x: panels[0].x.scale, y: panels[0].y.scale, hidden: new Set(), intervals: true };
    // A panel follows the switch of the scales if it is printed as the first one is.
    const scaleOf = (panel, which) => (panel[which].scale === panels[0][which].scale && couldBeLog(panel, which) ? state[which] : panel[which].scale);
    const plots = panels.map((panel) => new Plot(panel, {
      say,
      about: (trace, i) => about(answers, panel, trace, i),
      open: (trace, i, plot) => open(place(panel, trace, i), behind(answers, trace, i), plot, plot.targets.find((target) => target.trace === trace && target.i === i)),
    }));
    const grid = make("div", { className: "panels" }, ...plots.map((plot) => plot.element));
    const draw = (plot, heightAt) => {
      const panel = panels[plots.indexOf(plot)];
      const width = Math.max(160, plot.space.clientWidth);
      plot.render({ ...state, x: scaleOf(panel, "x"), y: scaleOf(panel, "y") }, width, heightAt(width));
    };
    const render = () => {
      const [first, ...others] = plots;
      const beside = answers.beside && others.length > 0 && grid.clientWidth >= BESIDE;
      grid.classList.toggle("beside", beside);
      first.element.style.gridRow = beside ? `span ${others.length}` : "";
      if (!beside) {
        plots.forEach((plot) => draw(plot, (width) => Math.max(220, Math.min(380, 0.62 * width))));
        return;
      }
      // The first panel with its labels is as tall as all others together.
      others.forEach((plot) => draw(plot, () => Math.max(110, 300 / others.length)));
      const gap = parseFloat(getComputedStyle(grid).rowGap);
      const height = others.reduce((sum, plot) => sum + gap + plot.element.offsetHeight, -gap);
      draw(first, () => height - first.element.offsetHeight + first.space.offsetHeight);
    };
    const scales = ["x", "y"].filter((which) => couldBeLog(panels[0], which)).map((which) => toggle([`log ${which}`], state[which] === "log", (on) => { state[which] = on ? "log" : "linear"; render(); }));
    const ends = panels.some((panel) => panel.traces.some((trace) => trace.low)) ? [toggle(["intervals"], true, (on) => { state.intervals = on; render(); })] : [];
    const names = new Map();
    for (const trace of panels.flatMap((panel) => panel.traces)) {
      if (trace.name && (!names.has(trace.name) || (trace.dashes && !names.get(trace.name).dashes))) names.set(trace.name, trace);
    }
    const shown = [...names].map(([name, trace]) => toggle([swatch(trace), make("span", { textContent: name })], true, (on) => { state.hidden[on ? "delete" : "add"](name); render(); }));
    const printed = toggle(["as printed"], false, (on) => {
      figure.classList.toggle("live", !on);
      if (!on) render();
    });
    printed.classList.add("as-printed");
    const live = make("div", { className: "paper chart" },
      ...answers.warnings.map((text) => make("p", { className: "refused", textContent: text })), grid,
      make("div", { className: "switches legend" }, ...shown));
    live.querySelector(".legend").setAttribute("role", "group");
    live.querySelector(".legend").setAttribute("aria-label", "What is drawn");
    const bar = make("div", { className: "switches bar" }, make("span", { className: "scales" }, ...scales, ...ends), make("span", { className: "small hint", textContent: `Point at a mark for its runs, click it ${byId("curves-data") ? "for their learning curves" : "to list them"}.` }), printed);
    figure.querySelector(".printed").before(bar, live);
    figure.classList.add("live");
    let width = 0;
    new ResizeObserver(() => {
      if (!grid.clientWidth || grid.clientWidth === width) return;
      width = grid.clientWidth;
      render();
    }).observe(grid);
  };

  for (const data of document.querySelectorAll("figure.drawn > .answers")) bringToLife(data.parentElement, JSON.parse(data.textContent));
})();
