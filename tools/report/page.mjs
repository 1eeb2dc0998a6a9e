// A report in a browser. Arguments: an HTML file, and a folder for screenshots, if wanted.
import assert from "node:assert/strict";
import {basename, join, resolve} from "node:path";
import {pathToFileURL} from "node:url";
import {chromium} from "playwright-core";

const [file, folder] = process.argv.slice(2);
const address = pathToFileURL(resolve(file)).href;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    const page = await browser.newPage({viewport: {width, height: 800}, colorScheme});
    // A busy machine takes long over a tall page.
    page.setDefaultTimeout(180_000);
    const complaints = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith("data:") && request.url() !== address) {
        complaints.push("asked " + request.url());
      }
    });
    await page.goto(address);
    const charts = JSON.parse(await page.locator("#data").textContent()).length;
    assert.equal(await page.locator("canvas").count(), charts, "charts");
    assert.ok(charts > 0);
    assert.equal(await page.evaluate(() => [...document.images].every((image) => image.complete && image.naturalWidth > 0)),
      true, "pictures");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "wider than " + width);
    assert.deepEqual(complaints, []);
    if (folder) {
      const name = basename(file, ".html") + "-" + colorScheme + "-" + width + ".png";
      await page.screenshot({path: join(folder, name), fullPage: true});
    }
    // The charts follow the window and the colours.
    await page.setViewportSize({width: 500, height: 800});
    await page.emulateMedia({colorScheme: colorScheme === "light" ? "dark" : "light"});
    await page.waitForFunction(() => [...document.querySelectorAll(".uplot")].every(
      (plot) => plot.clientWidth <= document.documentElement.clientWidth));
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "wider when resized");
    assert.deepEqual(complaints, []);
    await page.close();
  }
}
await browser.close();
console.log(basename(file) + ": light and dark, narrow and wide: as it should be");
