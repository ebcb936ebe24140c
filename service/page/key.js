// The key of a service that needs one: asked for once, kept in this tab until it is closed, sent in a header only.
const NAME = "landcast-key";
let asked = null;

export const currentKey = () => sessionStorage.getItem(NAME);
export const keyHeader = () => (currentKey() ? { Authorization: `Bearer ${currentKey()}` } : {});

/** Ask for a key after a refusal; all requests that were refused meanwhile wait for the same answer. */
export function askForKey() {
  asked ??= new Promise((resolve) => {
    const dialog = document.getElementById("key-dialog");
    const field = document.getElementById("key");
    document.getElementById("key-error").hidden = !currentKey();
    sessionStorage.removeItem(NAME);
    dialog.oncancel = (event) => event.preventDefault(); // the page can do nothing without a key
    document.getElementById("key-form").onsubmit = (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!/^[\x21-\x7e]+$/.test(text)) return;
      sessionStorage.setItem(NAME, text);
      field.value = "";
      dialog.close();
      asked = null;
      resolve();
    };
    dialog.showModal();
  });
  return asked;
}
