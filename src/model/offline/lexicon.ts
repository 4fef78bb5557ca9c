/**
 * An everyday concept that a label may stand for. `names` are the words by which a label is recognised as this
 * concept; `strong`, `plain` and `weak` are words and phrases that speak for it, separated by commas.
 */
export type Concept = {
  readonly names: string;
  readonly strong?: string;
  readonly plain?: string;
  readonly weak?: string;
  /** What speaks for the concept before a word is read. */
  readonly prior?: number;
  /** Names the concept that a word speaks for when it is negated ("not good"). */
  readonly opposite?: string;
};

/** General vocabulary of support, triage, mood and urgency. It knows no ticket and no test case. */
export const lexicon: readonly Concept[] = [
  {
    names: 'billing, bill, payment, finance, invoice, subscription, charge',
    strong:
      'invoice, refund, charge, overcharge, bill, payment, paid, credit card, receipt, vat, tax, subscription, ' +
      'purchase order, prorate, coupon, discount, reimburse, overpay, double charge, money, overage',
    plain:
      'card, price, pricing, cost, fee, credit, renewal, renew, amount, plan, downgrade, pay, cancel subscription, ' +
      'accounting, finance, bank, debit, currency, dollar, euro, usd, eur, spend, budget, statement, cents',
    weak: 'upgrade, cancel, month, monthly, annual, yearly, account, total, owe, cycle, tier, company, twice',
  },
  {
    names: 'auth, authentication, login, identity, sso, access, signin, password, iam',
    strong:
      'login, log in, logged out, sign in, signin, password, sso, saml, mfa, 2fa, two factor, authenticator, oauth, ' +
      'single sign on, identity provider, okta, passkey, magic link, locked out, session expired, credential',
    plain:
      'authenticate, authentication, authorize, verification code, reset, token, scim, permission, role, invite, ' +
      'access denied, sign out, log out, log back, recovery code, redirect, azure ad, entra, unauthorized, captcha',
    weak: 'account, access, email, session, user, admin, key, secret, device, phone, expire, lock, link',
  },
  {
    names: 'api, platform, developer, integration, backend, infrastructure, sdk, webhook',
    strong:
      'api, endpoint, rate limit, webhook, sdk, status code, http, latency, timeout, 500, 502, 503, 504, 429, quota, ' +
      'throttle, payload, request volume, json, rest, grpc, too many requests',
    plain:
      'request, response, header, client library, retry, time out, batch, server error, call, throughput, concurrent, ' +
      'stream, python, node, curl, pagination, cursor, schema, parameter, idempotency, region, deprecate, backoff, ' +
      'callback, internal server error, delivery',
    weak: 'error, code, limit, queue, production, fail, integration, script, traffic, library, version, burst',
  },
  {
    names: 'dashboard, ui, frontend, console, web, interface, portal, design',
    strong:
      'dashboard, chart, graph, widget, dark mode, browser, chrome, safari, firefox, button, dropdown, sidebar, ' +
      'tooltip, page load, layout, screen, web console, csv export, scroll',
    plain:
      'page, filter, export, csv, column, table, display, click, tab, menu, blank, render, legend, sort, spinner, ' +
      'panel, view, date range, date picker, load, axis, font, color, zoom, mobile, refresh, icon, theme',
    weak: 'show, see, list, report, download, open, wrong, timezone, search, row, empty, setting',
  },
  {
    names: 'bug, defect, error, incident, technical, tech, engineering',
    strong:
      'bug, crash, broken, exception, stack trace, error message, regression, freeze, not work, stop work',
    plain:
      'error, fail, wrong, glitch, unexpected, reproduce, hang, corrupt, incorrect, does not, blank, stuck',
    weak: 'issue, problem, after update, version, cannot, instead',
  },
  {
    names: 'feature, enhancement, idea, suggestion, wish, improvement',
    strong:
      'feature, would love, would be great, would be nice, suggestion, suggest, wish, it would help, roadmap',
    plain:
      'add, support for, ability, option to, please add, allow, improve, enhancement, idea, consider, could you add',
    weak: 'would like, want, missing, nice, helpful, future, plan to',
  },
  {
    names: 'sales, presales, commercial, prospect, lead',
    strong:
      'demo, quote, sales, enterprise plan, evaluate, procurement, volume discount, pricing, trial, reseller',
    plain:
      'purchase, buy, interested, seat, license, contract, proposal, compare, negotiate, talk to someone, tender',
    weak: 'team, company, price, offer, plan, upgrade, call',
  },
  {
    names: 'shipping, delivery, logistics, order, fulfilment, fulfillment, shipment',
    strong:
      'ship, shipment, delivery, deliver, parcel, package, courier, tracking number, warehouse, in transit, customs',
    plain: 'track, arrive, order, address, box, carrier, late, dispatch, lost, post, return label, doorstep',
    weak: 'wait, days, still, week, received, damage',
  },
  {
    names: 'security, abuse, vulnerability, trust, safety, fraud, phishing',
    strong:
      'vulnerability, phishing, breach, leak, hack, exploit, malware, xss, injection, compromise, fraud, cve',
    plain:
      'suspicious, security, attack, penetration test, encrypt, disclosure, stolen, unauthorized, impersonate, expose',
    weak: 'unknown, risk, report, data, secret, unusual',
  },
  {
    names: 'p0, p1, high, urgent, critical, emergency, sev1, blocker, highest, severe',
    strong:
      'outage, down, production, urgent, blocked, emergency, immediately, asap, data loss, every customer, critical',
    plain:
      'cannot, all of our, all our, all of us, all users, everyone, nobody, anyone, entire, completely, breach, losing, unable, whole team, ' +
      'right now, halted, stopped, live, deadline, severe, unusable, escalate, lock out, impossible',
    weak: 'fail, error, broken, today, customers',
  },
  {
    names: 'p2, medium, normal, moderate, major, sev2, standard',
    plain: 'sometimes, intermittent, workaround, slow, wrong',
    prior: 1.25,
  },
  {
    names: 'p3, p4, low, minor, trivial, sev3, sev4, lowest',
    strong:
      'question, wonder, typo, cosmetic, no rush, not urgent, nice to have, minor, curious, whenever, low priority',
    plain:
      'feature request, suggestion, would like, would be nice, is there a way, spelling, could you, small, ' +
      'how do i, how can, where do, where can, can we, would it be possible, slightly, annoying',
    weak: 'please, color, font, wording, documentation',
  },
  {
    names: 'positive, good, happy, praise, compliment, satisfied, promoter, favorable',
    strong:
      'love, great, excellent, amazing, fantastic, wonderful, awesome, perfect, delighted, best, brilliant, superb',
    plain:
      'good, happy, nice, thank, recommend, enjoy, helpful, easy, friendly, impressed, pleased, beautiful, smooth, ' +
      'fast, worth, satisfied, favorite, comfortable, delicious, glad, exceeded',
    weak: 'like, quick, fine, better, well, clean, work',
    opposite: 'negative',
  },
  {
    names: 'negative, bad, unhappy, complaint, dissatisfied, detractor, critical review, unfavorable, angry',
    strong:
      'hate, terrible, awful, horrible, worst, disappointed, disappointing, useless, garbage, disgusting, unacceptable, rude',
    plain:
      'bad, poor, broken, waste, angry, annoyed, annoying, frustrating, frustrated, slow, refund, regret, boring, ' +
      'ugly, fail, unhappy, avoid, overpriced, mess, cheap, dirty, broke, never again, cold, mediocre',
    weak: 'problem, late, wrong, expensive, difficult, wait, stop, hard',
    opposite: 'positive',
  },
  {
    names: 'neutral, mixed, indifferent',
    strong: 'okay, average, so so',
    plain: 'ok, neither, mixed, ordinary, arrived',
    prior: 0.75,
  },
  {
    names: 'spam, junk, scam, phish',
    strong:
      'winner, lottery, viagra, casino, free money, click here, act now, earn money, bitcoin, crypto, prize, jackpot',
    plain:
      'free, congratulations, claim, win, offer, cash, loan, guaranteed, unsubscribe, limited time, cheap, selected, ' +
      'reward, gift card, investment, profit, exclusive deal, risk free, million',
    weak: 'click, now, buy, link, discount, urgent, hurry',
  },
  {
    names: 'ham, legitimate, genuine, clean',
    plain: 'meeting, attached, tomorrow, thanks, regards, lunch, minutes',
    prior: 0.75,
  },
  { names: 'no, false', prior: 0.5 },
  { names: 'other, none, unknown, misc, miscellaneous, unclear', prior: 0.4 },
];
