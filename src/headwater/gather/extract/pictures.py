"""Reader for pictures and scanned pages: the models are loaded at the first picture, in the reading worker only."""

import io
import logging
import warnings
from functools import cache
from typing import Any

from headwater.gather.extract.outcome import Cause, Context, ExtractionFailed, Reading

# Below this the recogniser is guessing at spots and textures.
_SURE_ENOUGH = 0.6
_LONGEST_SIDE = 3_000
_FRAMES = 50


@cache
def recogniser() -> Any:
    """The recogniser, two seconds to load and about 300 MB; one thread, for the pool runs several workers."""
    logging.disable(logging.INFO)
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": 1})


def words_in(picture: Any) -> tuple[str, float]:
    """The words in a PIL image, line by line from the top, and how sure the recogniser is (0 to 1)."""
    import numpy

    picture = picture.convert("RGB")
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    found = recogniser()(numpy.asarray(picture)[:, :, ::-1])  # the recogniser wants blue first
    if found.txts is None:
        return "", 0.0
    sure = [(line, score) for line, score in zip(found.txts, found.scores, strict=True) if score >= _SURE_ENOUGH]
    if not sure:
        return "", 0.0
    return "\n".join(line for line, _ in sure), sum(score for _, score in sure) / len(sure)


def read_picture(content: bytes, context: Context) -> Reading:
    """Words in a picture, or in every frame of a scanned TIFF. Raises ExtractionFailed(damaged, expands_too_much)."""
    from PIL import Image, UnidentifiedImageError

    context.ask_for_time()
    Image.MAX_IMAGE_PIXELS = context.limits.picture_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return _read_frames(picture, context)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ExtractionFailed(Cause.EXPANDS_TOO_MUCH, f"more than {context.limits.picture_pixels:,} pixels") from error
    except UnidentifiedImageError as error:
        raise ExtractionFailed(Cause.DAMAGED, "not a picture that can be read") from error
    except (OSError, SyntaxError, ValueError) as error:
        cause = Cause.TRUNCATED if "truncated" in str(error).lower() else Cause.DAMAGED
        raise ExtractionFailed(cause, str(error)) from error


def _read_frames(picture: Any, context: Context) -> Reading:
    pages, scores, notes = [], [], []
    # Only TIFF carries pages; the frames of a GIF or WebP are a film.
    frames = min(getattr(picture, "n_frames", 1), _FRAMES) if picture.format == "TIFF" else 1
    for number in range(frames):
        if number and context.time_left_for_scans() <= 0:
            notes.append(f"Time ran out: {number} of {frames} pages were read")
            break
        picture.seek(number)
        words, score = words_in(picture)
        pages.append(words)
        scores.append(score)
    facts = {"read_from_picture": True, "sureness": round(max(scores, default=0.0), 3), "pages": frames}
    return Reading("\n\n".join(pages), metadata=facts, warnings=notes)
