"""What excites a unit in the course: the search, and a reader's scenes beside it."""

import numpy as np
import pytest
import torch
from test_engine import QUANTIFIERS, exported, trained

from quantlearn.networks.states import top_states
from quantlearn.semantics.scenes import Space, enumerate_scenes


@pytest.fixture
def page(act, tmp_path):
    folder = tmp_path.parent / "files/tiny"  # as on the site
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "networks.js").write_text(exported(*trained("lstm")), encoding="utf-8")
    return act("excite", needs=["engine.js"], asks="tiny", width=16)


def test_a_beam_with_room_for_all_scenes_finds_the_highest_value_of_torch(page):
    ensemble, flat = trained("lstm")
    scenes, sizes = enumerate_scenes(Space(1, 4))
    asked = np.full(len(scenes), QUANTIFIERS.index("most"))
    padded = np.full((len(scenes), ensemble.task.positions), 4, dtype=np.uint8)
    padded[:, :4] = scenes
    tokens = torch.from_numpy(ensemble.task.tokens(padded, asked))[None]
    states = top_states(ensemble, ensemble.unpack(flat[[0]]), tokens)
    along = torch.stack([h for h, _ in states], dim=2)[0].double().numpy()
    last = along[np.arange(len(scenes)), sizes - 1]  # (scenes, units)
    found = page.evaluate(
        """(units) => {
            const { trials, quantifiers } = quantlearn.experiments.tiny;
            const valueOf = (unit) => (objects) =>
                trials[0][0].read(objects, quantifiers[2]).units.at(-1).at(-1)[unit];
            const { search } = quantlearn.course.excite;
            return units.map((unit) => search(valueOf(unit), [0, 1, 2, 3], 4, 256));
        }""",
        [0, 1, 2],
    )
    for unit, best in enumerate(found):
        assert best["value"] == pytest.approx(last[:, unit].max(), abs=1e-6)
        row = last[:, unit].argmax()
        assert best["objects"] == scenes[row, : sizes[row]].tolist()


def test_a_reader_tries_and_searches_by_keyboard(page, accessible):
    def press(*keys):
        for key in keys:
            page.keyboard.press(key)

    press("Tab", "Tab")
    page.keyboard.type("2")  # unit 2
    press("Tab", "Tab", "Enter")  # add A∖B
    said = page.locator(".widget-answer")
    now = page.evaluate("""() => {
        const { trials, quantifiers } = quantlearn.experiments.tiny;
        return trials[0][0].read([0, 1], quantifiers[0]).units.at(-1).at(-1)[1];
    }""")
    assert said.inner_text().startswith(f"Now {now:.2f};".replace("-", "−"))
    press("Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Enter")  # two objects, then the search
    assert "Found: " in said.inner_text()
    assert "beaten" not in said.inner_text()
    assert page.locator(".widget-plot .truth").count() == 1
    accessible(page)
