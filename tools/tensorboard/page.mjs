// Pictures of TensorBoard's pages. Arguments: the address, and the folder for scalars.png and histograms.png.
import {join} from "node:path";
import {chromium} from "playwright-core";

const [address, folder] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});
const page = await browser.newPage({viewport: {width: 1400, height: 1000}});
// A busy machine takes long over the first page.
page.setDefaultTimeout(180_000);
for (const [name, tab, ready] of [
  ["scalars", "timeseries", "card-view canvas, card-view svg"],
  ["histograms", "histograms", "tf-histogram-loader, vz-histogram-timeseries"],
]) {
  await page.goto(`${address}/?darkMode=false#${tab}`);
  await page.locator(ready).first().waitFor();
  // The charts are drawn after their data has come.
  await page.waitForTimeout(8000);
  await page.screenshot({path: join(folder, name + ".png")});
}
await browser.close();
