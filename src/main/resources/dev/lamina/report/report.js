"use strict";
// Draws the charts of the page, again if its width or the colour scheme changes.
const charts = JSON.parse(document.getElementById("data").textContent);
const place = document.getElementById("charts");
const dark = matchMedia("(prefers-color-scheme: dark)");
const HEIGHT = 240;
// The distances of ticks: an epoch and a step are whole.
const WHOLE = [0, 1, 2, 3, 4, 5, 6].flatMap((zeros) => [1, 2, 5].map((first) => first * 10 ** zeros));
const LIGHT_COLOURS = ["#1f77b4", "#d95f02", "#1b8a5a", "#7b4fb5", "#c2185b", "#6d6a00", "#00838f", "#8d5a2b"];
const DARK_COLOURS = ["#6fb1f2", "#ff9a52", "#5fd3a0", "#b99af0", "#ff7fae", "#d8d24a", "#4fd0de", "#d3a878"];
let plots = [];

function width(element) {
  return Math.max(200, Math.floor(element.clientWidth));
}

function number(value) {
  return value == null ? "-" : Number(value.toPrecision(4)).toString();
}

function axis(label) {
  const style = getComputedStyle(document.documentElement);
  const line = style.getPropertyValue("--line").trim();
  return {
    label, stroke: style.getPropertyValue("--faint").trim(), grid: {stroke: line, width: 1}, ticks: {stroke: line, width: 1},
    labelSize: 18, font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif",
  };
}

function draw() {
  plots.forEach((plot) => plot.destroy());
  place.replaceChildren();
  const colours = dark.matches ? DARK_COLOURS : LIGHT_COLOURS;
  const card = getComputedStyle(document.documentElement).getPropertyValue("--card").trim();
  plots = charts.map((chart) => {
    const element = place.appendChild(document.createElement("div"));
    element.appendChild(document.createElement("h3")).textContent = chart.title;
    const series = chart.names.map((label, i) => ({
      label, stroke: colours[i % colours.length], width: 2, spanGaps: false, points: {show: chart.data[0].length < 40, fill: card},
      dash: i < colours.length ? undefined : [6, 4], value: (plot, value) => number(value),
    }));
    const values = {...axis(), size: 62, values: (plot, ticks) => ticks.map(number)};
    const positions = {...axis(chart.x), size: 34, incrs: WHOLE};
    return new uPlot({
      width: width(element), height: HEIGHT, scales: {x: {time: false}}, axes: [positions, values],
      series: [{label: chart.x, value: (plot, value) => value ?? "-"}, ...series],
    }, chart.data, element);
  });
}

if (place) {
  draw();
  dark.addEventListener("change", draw);
  new ResizeObserver(() => plots.forEach((plot) => {
    const now = width(plot.root.parentElement);
    if (now !== plot.width) {
      plot.setSize({width: now, height: HEIGHT});
    }
  })).observe(place);
}
