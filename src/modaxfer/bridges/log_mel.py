"""The log-mel spectrogram of a sound, with as many time steps as a picture has columns."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

__all__ = ["LogMel"]

SILENCE = 1e-10
"""Power (full scale = 1) below which a whole clip counts as silent: -100 dB."""

SHORTEST_STEP = 0.005
"""Seconds per column at least: a finer grid shows nothing that a window of 25 ms could tell apart."""


class LogMel:
    """Short-time spectra on the Slaney mel scale, in decibels below the clip's loudest cell.

    Columns that are further apart than half a window average the power of several windows, so that no sample goes
    unseen. A clip that is shorter than `seconds` is followed by silence, a longer one is cut.

    Args:
        rate: Samples per second (Hz); bands reach up to half of it.
        seconds: Length of time that all columns together cover.
        window: Length of one Hann window in seconds.
        bands: Number of mel bands.
        most: Most columns; there are fewer where a column would be shorter than 5 ms.
        decibels: Range below the clip's maximum that is told apart.
    """

    def __init__(self, *, rate: int, seconds: float, window: float, bands: int, most: int, decibels: float) -> None:
        self.rate, self.bands, self.decibels = rate, bands, decibels
        self.samples = max(1, math.ceil(seconds * rate))
        """Length of a clip in samples."""
        self.columns = max(1, min(most, math.floor(seconds / SHORTEST_STEP)))
        self._window = max(2, round(window * rate))
        self._windows = max(1, math.ceil(2 * self.samples / self.columns / self._window))
        self._hop = math.ceil(self.samples / (self.columns * self._windows))

    @property
    def step(self) -> float:
        """Seconds from one column to the next."""
        return self._hop * self._windows / self.rate

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Analyse one clip.

        Args:
            samples: float32 ``[frames]`` at `rate`.

        Returns:
            float32 ``[bands, columns]``, lowest band first; 1 is the clip's maximum, 0 is `decibels` below it or less.
        """
        from scipy.fft import rfft

        heard = samples[: self.samples]
        windows = self.columns * self._windows
        # The first window is centred on the first sample.
        clip = np.zeros(windows * self._hop + self._window, np.float32)
        clip[self._window // 2 :][: len(heard)] = heard
        frames = np.lib.stride_tricks.sliding_window_view(clip, self._window)[:: self._hop][:windows]
        power = np.abs(rfft(frames * self._taper, self._fft_length)) ** 2
        mel = (power @ self._bank).reshape(self.columns, self._windows, self.bands).mean(1).T
        peak = mel.max()
        if peak < SILENCE:
            return np.zeros(mel.shape, np.float32)
        below = 10 * np.log10(np.maximum(mel / peak, 10 ** (-self.decibels / 10)))
        return np.asarray(1 + below / self.decibels, np.float32)

    @cached_property
    def _taper(self) -> np.ndarray:
        from scipy.signal.windows import hann

        taper = hann(self._window, sym=False)
        # The weights sum to one: a full-scale tone has power 1/4 whatever the window.
        return np.asarray(taper / taper.sum(), np.float32)

    @cached_property
    def _bank(self) -> np.ndarray:
        """Triangular filters ``[bins, bands]`` of equal area."""
        from transformers.audio_utils import mel_filter_bank

        bank: np.ndarray = mel_filter_bank(
            num_frequency_bins=self._fft_length // 2 + 1,
            num_mel_filters=self.bands,
            min_frequency=0.0,
            max_frequency=self.rate / 2,
            sampling_rate=self.rate,
            norm="slaney",
            mel_scale="slaney",
            dtype=np.float32,
        )
        return np.asarray(bank / bank.max())

    @cached_property
    def _fft_length(self) -> int:
        """Return the power of two that holds a window and puts a bin into even the narrowest band."""
        from transformers.audio_utils import hertz_to_mel, mel_to_hertz, optimal_fft_length

        narrowest = mel_to_hertz(hertz_to_mel(self.rate / 2, "slaney") / (self.bands + 1), "slaney")
        return int(optimal_fft_length(max(self._window, math.ceil(self.rate / narrowest))))
