// Fills each [data-until] with the time that is left.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

function remaining(milliseconds) {
  if (milliseconds >= 2 * DAY) return `in ${Math.round(milliseconds / DAY)} days`;
  if (milliseconds >= 2 * HOUR) return `in ${Math.round(milliseconds / HOUR)} hours`;
  const seconds = Math.ceil(milliseconds / SECOND);
  return `in ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Writes all countdowns. */
export function tick() {
  for (const each of document.querySelectorAll('[data-until]')) {
    const left = new Date(each.dataset.until) - Date.now();
    const text = left > 0 ? remaining(left) : 'now';
    if (each.textContent !== text) each.textContent = text;
  }
}
