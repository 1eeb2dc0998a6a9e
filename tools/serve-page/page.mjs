// The page in a browser. Arguments: the server's address, an image file, and where a screenshot goes, if anywhere.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {basename} from "node:path";
import {chromium} from "playwright-core";

const [address, image, screenshot] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

async function open(options = {}) {
  const page = await browser.newPage({viewport: {width: 900, height: 620}, ...options});
  page.complaints = [];
  page.on("console", (message) => page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(address)) {
      page.complaints.push("asked " + request.url());
    }
  });
  await page.goto(address);
  return page;
}

// What the server says of the image, asked for without the page.
const action = await (async () => {
  const page = await open();
  const url = await page.locator("form").evaluate((form) => form.action);
  await page.close();
  return url;
})();
const reply = await fetch(action, {method: "POST", body: readFileSync(image)});
const expected = (await reply.json()).predictions.map(
  (prediction) => prediction.label + " " + (100 * prediction.probability).toFixed(1) + " %");

async function results(page) {
  await page.locator("#results").waitFor();
  return page.locator("#results li").evaluateAll((items) =>
    items.map((item) => [...item.querySelectorAll("span")].map((span) => span.textContent).join(" ")));
}

async function drop(page, name, type, bytes) {
  const data = await page.evaluateHandle(([name, type, bytes]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], name, {type}));
    return transfer;
  }, [name, type, [...bytes]]);
  await page.dispatchEvent("#drop", "dragover", {dataTransfer: data});
  assert.equal(await page.locator("#drop.over").count(), 1);
  await page.dispatchEvent("#drop", "drop", {dataTransfer: data});
  assert.equal(await page.locator("#drop.over").count(), 0);
}

async function fits(page) {
  return page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
}

const page = await open();
assert.equal(await page.locator("#empty").isVisible(), true);
await page.keyboard.press("Tab");
assert.equal(await page.evaluate(() => document.activeElement.id), "file");

await page.setInputFiles("#file", image);
assert.deepEqual(await results(page), expected);
await page.waitForFunction(() => document.getElementById("preview").naturalWidth > 0);
assert.equal(await page.locator("#preview").isVisible(), true);
assert.equal(await page.locator("#preview").getAttribute("alt"), "The image: " + basename(image));
if (screenshot) {
  await page.evaluate(() => document.activeElement.blur());
  await page.screenshot({path: screenshot});
}

await drop(page, "notes.png", "image/png", Buffer.from("no image"));
await page.locator("[role=alert]").waitFor();
assert.equal(await page.locator("[role=alert]").textContent(),
  "image is not an image of a known format (PNG, JPEG, GIF, BMP, TIFF, WebP); convert it to PNG or JPEG, or remove it");
assert.equal(await page.locator("#results").isVisible(), false);

await drop(page, "again.png", "image/png", readFileSync(image));
assert.deepEqual(await results(page), expected);
assert.equal(await page.locator("[role=alert]").isVisible(), false);
assert.equal(await fits(page), true);
// The browser reports the answer 400 by itself.
assert.deepEqual(page.complaints.filter((text) => !text.includes("status of 400")), []);

// A script from elsewhere does not run.
const ran = await page.evaluate(() => {
  const script = document.createElement("script");
  script.textContent = "window.intruder = true";
  document.head.appendChild(script);
  return window.intruder === true;
});
assert.equal(ran, false);

const narrow = await open({viewport: {width: 320, height: 700}, colorScheme: "dark"});
await narrow.setInputFiles("#file", image);
await results(narrow);
assert.equal(await fits(narrow), true);
assert.deepEqual(narrow.complaints, []);

// Without scripts the form itself asks, and the answer is the server's JSON.
const plain = await browser.newPage({javaScriptEnabled: false});
await plain.goto(address);
await plain.setInputFiles("#file", image);
await plain.locator("button").click();
await plain.waitForURL(action);
assert.match(await plain.locator("body").textContent(), /^\{"predictions":\[\{"class_id":/);

await browser.close();
console.log("page: choosing, dropping, errors, keyboard, narrow and dark, without scripts: as they should be");
