// Asking the sandbox, and saying in a sentence how it went.

const toasts = document.getElementById('toasts');
const TOASTS = 3;
const SHOWN_FOR = 7000;

export class Refused extends Error {}

/** Does something at the sandbox; what it refuses is said, and thrown. */
export async function ask(path, body) {
  let answer;
  try {
    answer = await fetch(path, body === undefined ? {} : {
      method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body),
    });
  } catch {
    throw new Refused('The sandbox does not answer. Is it still running?');
  }
  const document = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(sentence(document.message || `The sandbox answered ${answer.status}`));
  return document;
}

/** Shows a sentence for a while, with one thing to do about it if there is one. */
export function say(text, {bad = false, label, undo} = {}) {
  const toast = document.createElement('p');
  toast.className = bad ? 'toast bad' : 'toast';
  toast.append(text);
  if (undo) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.onclick = () => { toast.remove(); undo(); };
    toast.append(button);
  }
  toasts.append(toast);
  while (toasts.children.length > TOASTS) toasts.firstChild.remove();
  const leave = () => {
    if (toast.matches(':hover') || toast.contains(document.activeElement)) setTimeout(leave, 1500);
    else toast.remove();
  };
  setTimeout(leave, SHOWN_FOR);
}

/** Marks what was pressed as busy, does it, and says what went wrong. */
export async function doing(button, work) {
  if (button?.getAttribute('aria-busy') === 'true') return;
  button?.setAttribute('aria-busy', 'true');
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message, {bad: true});
  } finally {
    button?.removeAttribute('aria-busy');
  }
}

function sentence(text) {
  const [first, ...rest] = text.trim();
  return `${first.toUpperCase()}${rest.join('')}${/[.!?]$/.test(text) ? '' : '.'}`;
}
