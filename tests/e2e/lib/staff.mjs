// A member of staff who uses the app: what a person does at the screen, in the person's words.
import { PASSWORD } from './server.mjs';
import { openBrowser } from './person.mjs';

/** Demo accounts of the stories, with a tone and a camera hue that tell them apart. */
export const LIN = { account: 'lin.yating', name: '林雅婷', hertz: 440, hue: [90, 160] };
export const CHEN = { account: 'chen.zhiming', name: '陳志明', hertz: 1000, hue: [160, 90] };
export const WANG = { account: 'wang.shufen', name: '王淑芬', hertz: 1700, hue: [110, 110] };

export class Staff {
  /** Opens a browser and logs in. `options` go to openBrowser. */
  static async enter(server, folder, who, options = {}) {
    const browser = await openBrowser({ folder, hertz: who.hertz, hue: who.hue, ...options });
    return Staff.#logIn(server, who, browser, options);
  }

  /** A further device of somebody in the same browser process: a context of its own, with the same microphone. */
  async furtherDevice(server, who, context = {}) {
    const settings = { viewport: { width: 1280, height: 800 }, locale: 'zh-TW', permissions: ['camera', 'microphone'], ...context };
    const browserContext = await this.browser.browser.newContext(settings);
    browserContext.setDefaultTimeout(20_000);
    const page = await browserContext.newPage();
    return Staff.#logIn(server, who, { ...this.browser, context: browserContext, page, close: () => browserContext.close() }, {});
  }

  static async #logIn(server, who, browser, { network }) {
    const staff = new Staff();
    Object.assign(staff, { who, name: who.name, browser, page: browser.page, url: network ? server.tlsUrl : server.url });
    await staff.page.goto(staff.url);
    await staff.page.getByTestId('account').fill(who.account);
    await staff.page.getByTestId('password').fill(PASSWORD);
    await staff.page.getByTestId('login-submit').click();
    await staff.page.getByTestId('home-page').waitFor();
    const person = await staff.page.evaluate(async () => (await (await fetch('/api/me')).json()).person);
    Object.assign(staff, { id: person.id, extension: person.extension });
    return staff;
  }

  at(testid) {
    return this.page.getByTestId(testid);
  }

  /** Opens the directory and searches; waits until the person's row is there. */
  async find(other) {
    await this.at('nav-directory').first().click();
    await this.at('search').fill(other.name);
    await this.at(`call-${other.id}`).first().waitFor();
  }

  /** Finds somebody in the directory and presses the button for a voice or video call. */
  async call(other, { video = false } = {}) {
    await this.find(other);
    await this.at(`${video ? 'video' : 'call'}-${other.id}`).first().click();
    await this.at('call-screen').or(this.at('call-ended')).first().waitFor();
  }

  /** Dials a number on the dial pad. */
  async dial(number) {
    await this.at('nav-dial').first().click();
    await this.at('dial-field').fill(number);
    await this.at('dial-call').click();
  }

  /** Adds a telephone number to the running call. */
  async add(number) {
    await this.at('call-add').click();
    await this.at('people-picker').getByTestId('search').fill(number);
    await this.at('pick-number').check();
    await this.at('pick-add').click();
  }

  /** Hands the running call on to a colleague. */
  async transfer(other) {
    await this.at('call-transfer').click();
    await this.at('people-picker').getByTestId('search').fill(other.name);
    await this.at(`pick-${other.id}`).check();
    await this.at('pick-add').click();
  }

  async rings() {
    await this.at('incoming').waitFor();
  }

  async answer({ video = false } = {}) {
    await this.at(video ? 'incoming-video' : 'incoming-answer').click();
  }

  async decline() {
    await this.at('incoming-decline').click();
  }

  async hangUp() {
    await this.at('call-hang-up').click();
  }

  /** Waits until the other person's tile is in this state (a LegState). */
  async sees(other, state) {
    await this.page.locator(`[data-testid=tile][data-person="${other.id}"][data-state="${state}"]`).waitFor();
  }

  /** Waits for the end of the call and gives the words on the screen. */
  async ended() {
    await this.at('call-ended').waitFor();
    return (await this.at('call-ended-reason').textContent()).trim();
  }

  async closeEnd() {
    if (await this.at('call-ended-close').count()) await this.at('call-ended-close').click();
  }

  async close() {
    await this.browser.close();
  }
}
