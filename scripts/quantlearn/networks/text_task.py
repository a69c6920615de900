"""What networks of words read and write: texts, a token for each word.

A text is a scene in words, a colon, and a sentence about the scene; it begins behind the full stop
of the text before it. There are three tasks:

- text_verification: read the text without its last full stop, say whether the sentence is true;
- language_model: read the same, say after each word which one is next;
- description: read the scene; then, as in a language model, read the sentence and say after each
  word which one is next. The network has one part for the scene and another for the sentence.

While it trains, a network that writes reads the right words, whatever it would have written itself
(teacher forcing, Williams & Zipser 1989).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quantlearn.networks.task import OneHotTask
from quantlearn.networks.vocabulary import IGNORED, demand_bytes
from quantlearn.semantics.scenes import PADDING
from quantlearn.semantics.scenes_in_words import COLON, STOP, WRITING, sentence, vocabulary

__all__ = ["TextTask"]


@dataclass(frozen=True)
class TextTask(OneHotTask):
    """Texts about scenes of up to ``max_size`` objects, with these quantifiers in their sentences.

    kind: one of the three. quantifiers: into how many scores are divided, all or one. Raises
    `QuantlearnError` for more words than tokens can tell apart.

    >>> task = TextTask("language_model", 2, ("every", "no"))
    >>> scenes, ones = np.array([[0, 4]], dtype=np.uint8), np.array([1])
    >>> tokens, labels = task.texts(scenes, sizes=ones, quantifiers=ones)
    >>> task.read(tokens[0]), task.read(labels[0])
    ('. AB : no A are B', 'AB : no A are B .')
    """

    kind: str
    max_size: int
    names: tuple[str, ...]
    quantifiers: int = 1

    def __post_init__(self) -> None:
        demand_bytes(self.vocabulary)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words by their tokens; the token behind the last word is padding."""
        return vocabulary(self.names)

    @property
    def inputs(self) -> int:
        """Inputs at each position: a one-hot of the word."""
        return len(self.words)

    @property
    def vocabulary(self) -> int:
        """Number of different tokens: the words, and padding."""
        return len(self.words) + 1

    @property
    def writes(self) -> bool:
        """Whether the network says after each word which one is next."""
        return self.kind in WRITING

    @property
    def outputs(self) -> int:
        """Logits at a time: of each word, or of false and true."""
        return len(self.words) if self.writes else 2

    @property
    def exact(self) -> bool:
        """Whether an answer is a whole sentence, right if all its words are; else it is a word."""
        return self.kind == "description"

    @property
    def scene_positions(self) -> int:
        """Positions at the beginning that are read by another part of the network."""
        return self.max_size if self.kind == "description" else 0

    @property
    def positions(self) -> int:
        """Tokens of an example."""
        spoken = max(len(sentence(name)) for name in self.names)
        return 1 + spoken + self.max_size + (self.kind != "description")

    def token_inputs(self) -> np.ndarray:
        """The input vector of each token, shape (vocabulary, inputs); zeros for padding."""
        return np.eye(self.vocabulary, self.inputs)

    def texts(
        self, scenes: np.ndarray, sizes: np.ndarray, quantifiers: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Tokens (n, positions) of texts, and the words that are to be written.

        scenes (n, max_size) zone codes, sizes (n,), quantifiers (n,) indices. The words to write
        (n, positions − scene_positions) are tokens too, `IGNORED` where there is none.
        """
        padding = len(self.words)
        tokens = np.full((len(scenes), self.positions), padding, dtype=np.uint8)
        labels = np.full(
            (len(scenes), self.positions - self.scene_positions), IGNORED, dtype=np.int64
        )
        known = np.where(scenes == PADDING, padding, scenes)
        spoken = [self._tokens(sentence(name)) for name in self.names]
        stop, colon = self._tokens((STOP, COLON))
        for size, index in {*zip(sizes.tolist(), quantifiers.tolist(), strict=True)}:
            rows = np.flatnonzero((sizes == size) & (quantifiers == index))
            said = np.tile([stop, *spoken[index], stop], (len(rows), 1))
            if self.scene_positions:
                tokens[rows, :size] = known[rows, :size]
            else:
                first, colons = said[:, :1], np.full_like(said[:, :1], colon)
                said = np.hstack([first, known[rows, :size], colons, said[:, 1:]])
            length = said.shape[1] - 1
            start = self.scene_positions
            tokens[rows, start : start + length] = said[:, :-1]
            labels[rows, :length] = said[:, 1:]
        return tokens, labels

    def lengths(self, sizes: np.ndarray, quantifiers: np.ndarray) -> np.ndarray:
        """Positions (n,) until a network is read out, or those of the scene where it has its own.

        >>> TextTask("text_verification", 5, ("no",)).lengths(np.array([2]), np.array([0]))
        array([8])
        """
        if self.scene_positions:
            return sizes
        spoken = np.array([len(sentence(name)) for name in self.names])
        return 1 + sizes + 1 + spoken[quantifiers]

    def start_of_sentence(self, sizes: np.ndarray) -> np.ndarray:
        """The position (n,) of the token after which the sentence begins: a stop or a colon."""
        return np.full_like(sizes, self.scene_positions) if self.scene_positions else sizes + 1

    def read(self, tokens: np.ndarray) -> str:
        """Tokens (n,) as text, without padding and what is ignored."""
        known = [token for token in tokens.tolist() if 0 <= token < len(self.words)]
        return " ".join(self.words[token] for token in known)

    def _tokens(self, words: tuple[str, ...]) -> list[int]:
        return [self.words.index(word) for word in words]
