// Keys that mean the same wherever in the chat the focus is.

/** Listen on the chat; `actions` has `stop`, `copyLast`, and `isRunning`. */
export function listenForKeys(chat, actions) {
  chat.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Escape" && actions.isRunning()) {
      event.preventDefault();
      actions.stop();
    } else if (isCopyLast(event) && actions.copyLast()) {
      event.preventDefault();
    }
  });
}

function isCopyLast({ key, shiftKey, ctrlKey, metaKey }) {
  return shiftKey && (ctrlKey || metaKey) && key.toLowerCase() === "c";
}
