// Goes on by itself.

document.querySelector("[data-arriving]").requestSubmit();
