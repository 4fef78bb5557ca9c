/*
 * Loaded before a server whose clock is to be set while it runs: at each SIGUSR2 it is an hour ahead, an hour behind, right
 * again, and so on. Only the time of day changes; timers, and the time that has passed, do not.
 */
import { isMainThread } from 'node:worker_threads';

const hourMs = 3_600_000;
const offsets = [0, hourMs, -hourMs];
const rightNow = Date.now;
let steps = 0;

Date.now = () => rightNow() + (offsets[steps % offsets.length] ?? 0);
if (isMainThread) {
  process.on('SIGUSR2', () => {
    steps++;
  });
}
