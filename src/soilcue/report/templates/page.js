"use strict";
// Draws the figures of the page and switches them. What each control does is stated in the data: a trace is shown
// when every entry of its `meta` has the value of the control of that name (or that control says "all"), and a view
// changes the layout when all controls it names have the values it names.
(() => {
  const { arrays, figures } = JSON.parse(document.getElementById("figure-data").textContent);

  // Arrays that several figures use are embedded once and referred to by key.
  const unpacked = (value) => {
    if (Array.isArray(value)) return value.map(unpacked);
    if (value === null || typeof value !== "object") return value;
    if ("array" in value) return arrays[value.array];
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unpacked(inner)]));
  };

  const shared = {
    autosize: true,
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: "#1d2430" },
    paper_bgcolor: "rgba(0,0,0,0)",
    hoverlabel: { bgcolor: "#ffffff", bordercolor: "#55606e", font: { size: 12, color: "#1d2430" } },
    modebar: { bgcolor: "rgba(255,255,255,0.7)", color: "#55606e", activecolor: "#14507a", orientation: "h" },
    // Dragging scrolls the page, also on a phone; zooming is in the bar of each figure.
    dragmode: false,
  };
  const config = (name) => ({
    responsive: true,
    displaylogo: false,
    showLink: false,
    plotlyServerURL: "",
    modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]],
    toImageButtonOptions: { filename: name, scale: 2 },
  });

  const controls = [...document.querySelectorAll("[data-control]")];
  const chosen = () => {
    const state = {};
    for (const control of controls) {
      if (control.type !== "radio" || control.checked) state[control.dataset.control] = control.value;
    }
    return state;
  };
  const shows = (meta, state) =>
    Object.entries(meta ?? {}).every(([name, value]) => state[name] === "all" || state[name] === value);

  const canvases = [...document.querySelectorAll("[data-figure]")];
  const drawn = new Set();

  const draw = async (canvas, state) => {
    const { traces, layout, views } = figures[canvas.dataset.figure];
    const matching = views.filter((view) => shows(view.when, state));
    if (!drawn.has(canvas)) {
      const data = traces.map((trace) => ({ ...unpacked(trace), visible: shows(trace.meta, state) }));
      await Plotly.newPlot(canvas, data, { ...shared, ...unpacked(layout) }, config(canvas.dataset.figure));
      // With a view box the drawing can be scaled on paper.
      const box = () =>
        canvas.querySelectorAll(".main-svg").forEach((svg) =>
          svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`));
      canvas.on("plotly_afterplot", box);
      box();
      drawn.add(canvas);
      if (matching.length === 0) return;
    }
    const changes = Object.assign({}, ...matching.map((view) => unpacked(view.layout)));
    await Plotly.update(canvas, { visible: traces.map((trace) => shows(trace.meta, state)) }, changes);
  };

  // One after the other with a pause between, so that the page can be read and scrolled while it fills. A new choice
  // ends the pass under way, and begins when that one has let go.
  let latest = 0;
  let drawing = Promise.resolve();
  const drawAll = async (turn, state) => {
    for (const canvas of canvases) {
      if (turn !== latest) return;
      const { traces, views } = figures[canvas.dataset.figure];
      const switched = views.length > 0 || traces.some((trace) => trace.meta);
      if (drawn.has(canvas) && !switched) continue;
      await draw(canvas, state);
      await new Promise((resume) => setTimeout(resume));
    }
    document.documentElement.dataset.drawn = JSON.stringify(state);
  };
  const choose = () => {
    const turn = ++latest;
    const state = chosen();
    for (const [name, value] of Object.entries(state)) {
      for (const part of document.querySelectorAll(`[data-${name}]`)) {
        part.hidden = part.getAttribute(`data-${name}`) !== value;
      }
    }
    drawing = drawing.then(() => drawAll(turn, state));
  };
  for (const control of controls) control.addEventListener("change", choose);
  choose();
})();
