"""Models that an engine needs: what the catalogue says of them, and where their files lie on this machine."""

from stts.models.sources import FolderSource as FolderSource
from stts.models.sources import HubSource as HubSource
from stts.models.sources import PackageSource as PackageSource
from stts.models.sources import Source as Source
from stts.models.sources import UrlSource as UrlSource
from stts.models.values import CatalogueModel as CatalogueModel
from stts.models.values import ModelFile as ModelFile
