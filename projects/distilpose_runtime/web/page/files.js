// Files that come to the page, and files that go.

/** Call open(files) with files that the user chooses, drops or pastes. */
export function takeFiles(input, open) {
  const { body } = document;
  input.addEventListener('change', () => {
    const files = [...input.files];
    input.value = ''; // so that the same file can be chosen again
    if (files.length) open(files);
  });
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    body.classList.add('dropping');
  });
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!relatedTarget) body.classList.remove('dropping');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    body.classList.remove('dropping');
    open(event.dataTransfer.files);
  });
  document.addEventListener('paste', ({ clipboardData: { files } }) => {
    if (files.length) open(files);
  });
}

/** Give a file to the user. */
export function save(content, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
