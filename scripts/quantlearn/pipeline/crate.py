"""A report with all that belongs to it as one research object: a zipped Workflow Run RO-Crate.

Sources: RO-Crate 1.1 (doi:10.5281/zenodo.4541002), Workflow RO-Crate 1.0 and Workflow Run Crate 0.5
(doi:10.1371/journal.pone.0309210), as checked by roc-validator.
"""

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rocrate.model import ContextEntity, Entity
from rocrate.rocrate import ROCrate

from quantlearn.errors import QuantlearnError
from quantlearn.files import replacing

__all__ = ["Contents", "describe", "named", "write_crate"]

METADATA = "ro-crate-metadata.json"
WORKFLOW = "Snakefile"
README = "README.md"

_VERSION = "1.1"  # of RO-Crate: the latest for which the profiles of workflows are defined
_PROFILES = (
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
)
_WORKFLOW_PROFILE = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
# Not the mimetypes module: what it knows differs between machines.
_MEDIA_TYPES = {
    ".cff": "application/yaml",
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
}
_FOLDERS = {
    "docs": "More about the workflow",
    "envs": "Packages that the workflow needs, pinned",
    "scripts": "Scripts of the rules, and their library",
    "workflow": "Rules, schemas, notebooks and templates",
}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can tell
_MODE = 0o644 << 16


@dataclass(frozen=True)
class Contents:
    """The files of a crate, each as name in the crate → path on disk.

    ``results`` were made from ``settings`` by the workflow; ``workflow`` holds its code and what
    says who may do what with it.
    """

    results: Mapping[str, Path]
    settings: Mapping[str, Path]
    workflow: Mapping[str, Path]

    def folders(self) -> list[str]:
        """The folders of the workflow that are described as a whole, in the order of names."""
        return sorted({name.partition("/")[0] for name in self.workflow} & set(_FOLDERS))

    def all(self) -> dict[str, Path]:
        """Every file by its name in the crate, in the order of names."""
        return dict(sorted({**self.workflow, **self.settings, **self.results}.items()))


def write_crate(metadata: Mapping[str, Any], contents: Contents, path: str | Path) -> None:
    """Write a zipped crate, whole or not at all; equal files give equal bytes.

    Raises `QuantlearnError` when a file is missing.
    """
    with replacing(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(metadata, indent=2, ensure_ascii=False)
        archive.writestr(_entry(METADATA), text.encode() + b"\n", zipfile.ZIP_DEFLATED)
        for folder in contents.folders():
            archive.writestr(_entry(f"{folder}/"), b"")
        for name, source in contents.all().items():
            try:
                content = source.read_bytes()
            except OSError as fault:
                raise _unreadable(source, fault) from fault
            archive.writestr(_entry(name), content, zipfile.ZIP_DEFLATED)


def describe(
    contents: Contents,
    heading: str,
    report: str,
    record: Mapping[str, Any],
    citation: Mapping[str, Any],
) -> dict[str, Any]:
    """The metadata of a crate as JSON-LD.

    ``report`` is the name of the page in the crate, ``record`` what `read_record` gives,
    ``citation`` the content of CITATION.cff. All times are those of the record.
    """
    crate = ROCrate(version=_VERSION)
    _describe_root(crate, heading, report, record, citation)
    workflow = _add_workflow(crate, contents.workflow[WORKFLOW], record, citation)
    _add_project(crate, contents)
    settings = [_add_file(crate, name, path) for name, path in contents.settings.items()]
    results = [_add_file(crate, name, path) for name, path in contents.results.items()]
    crate.get(report)["name"] = heading
    action = crate.add_action(
        workflow,
        identifier="#run",
        object=settings,
        result=results,
        properties={
            "name": f"The run behind {report}",
            "description": f"{citation['title']} from root seed {record['settings']['seed']}.",
            # The profile takes an offset and no Z.
            "endTime": record["made"].replace("Z", "+00:00"),
            "actionStatus": "http://schema.org/CompletedActionStatus",
        },
    )
    crate.root_dataset["mentions"] = action
    return crate.metadata.generate()


def _describe_root(
    crate: ROCrate,
    heading: str,
    report: str,
    record: Mapping[str, Any],
    citation: Mapping[str, Any],
) -> None:
    """What the crate is, by whom, and what may be done with it."""
    authors = [crate.add(_author(crate, author)) for author in citation["authors"]]
    references = [crate.add(_article(crate, work)) for work in citation["references"]]
    profiles = [crate.add(_profile(crate, *profile)) for profile in _PROFILES]
    root = crate.root_dataset
    root["name"] = f"{citation['title']}: {heading}"
    root["description"] = (
        f"A run of the workflow {citation['title']}: its report ({report}), the figures and tables "
        "behind it, its settings, and the workflow itself. What is not inside, scenes and weights, "
        "the workflow makes again from the root seed; the record of the run holds their digests."
    )
    root["license"] = crate.add(_licence(crate, citation["license"]))
    root["datePublished"] = record["made"]
    root["author"] = _one_or_many(authors)
    root["publisher"] = authors[0]
    root["keywords"] = ", ".join(citation["keywords"])
    root["citation"] = _one_or_many(references)
    root["conformsTo"] = profiles


def _add_workflow(
    crate: ROCrate, source: Path, record: Mapping[str, Any], citation: Mapping[str, Any]
) -> Entity:
    """The main workflow, with the version of its language that ran it."""
    commit = record["code"]["commit"]
    return crate.add_workflow(
        dest_path=WORKFLOW,
        main=True,
        lang="snakemake",
        lang_version=record["packages"]["snakemake"],
        properties={
            "name": citation["title"],
            "description": " ".join(citation["abstract"].split()),
            "version": citation["version"] + (f" ({commit})" if commit else ""),
            "creator": crate.root_dataset["author"],
            "license": crate.root_dataset["license"],
            "conformsTo": {"@id": _WORKFLOW_PROFILE},
            **_stored(WORKFLOW, source),
        },
    )


def _add_project(crate: ROCrate, contents: Contents) -> None:
    """The files and folders of the workflow beside its main file."""
    for name, path in contents.workflow.items():
        if name.partition("/")[0] not in _FOLDERS and name != WORKFLOW:
            file = _add_file(crate, name, path)
            if name == README:
                file["about"] = crate.root_dataset
    for folder in contents.folders():
        crate.add_dataset(dest_path=f"{folder}/", properties={"name": _FOLDERS[folder]})


def _one_or_many(entities: list[Entity]) -> Entity | list[Entity]:
    """As RO-Crate wants it: a single value is no list."""
    return entities[0] if len(entities) == 1 else entities


def _add_file(crate: ROCrate, name: str, source: Path) -> Entity:
    return crate.add_file(dest_path=name, properties={"name": name, **_stored(name, source)})


def _stored(name: str, source: Path) -> dict[str, str]:
    """Media type and bytes of a file.

    Raises `QuantlearnError` when it is missing.
    """
    try:
        size = source.stat().st_size
    except OSError as fault:
        raise _unreadable(source, fault) from fault
    media_type = _MEDIA_TYPES.get(PurePosixPath(name).suffix, "text/plain")
    return {"encodingFormat": media_type, "contentSize": str(size)}


def _unreadable(source: Path, fault: OSError) -> QuantlearnError:
    return QuantlearnError(f"{source}: cannot be read: {fault.strerror}")


def _author(crate: ROCrate, author: Mapping[str, str]) -> Entity:
    """A person or organisation of CITATION.cff."""
    if "name" in author:
        kind, name = "Organization", author["name"]
    else:
        kind, name = "Person", f"{author['given-names']} {author['family-names']}"
    identifier = author.get("orcid") or author.get("website") or f"#{name.replace(' ', '-')}"
    return ContextEntity(crate, identifier, {"@type": kind, "name": name})


def _licence(crate: ROCrate, name: str) -> Entity:
    properties = {"@type": "CreativeWork", "name": name, "description": f"{name} licence"}
    return ContextEntity(crate, f"https://spdx.org/licenses/{name}", properties)


def _article(crate: ROCrate, work: Mapping[str, Any]) -> Entity:
    properties = {
        "@type": "ScholarlyArticle",
        "name": work["title"],
        "datePublished": str(work["year"]),
    }
    return ContextEntity(crate, f"https://doi.org/{work['doi']}", properties)


def _profile(crate: ROCrate, address: str, name: str, version: str) -> Entity:
    properties = {"@type": "CreativeWork", "name": name, "version": version}
    return ContextEntity(crate, address, properties)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.external_attr = _MODE
    return entry


def named(paths: Iterable[str | Path], root: str | Path = ".") -> dict[str, Path]:
    """Paths by their names relative to ``root``.

    >>> named(["clone/workflow/Snakefile"], "clone")
    {'workflow/Snakefile': PosixPath('clone/workflow/Snakefile')}
    """
    return {Path(path).relative_to(root).as_posix(): Path(path) for path in paths}
