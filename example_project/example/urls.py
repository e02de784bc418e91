from __future__ import annotations

from chat import views
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", views.page, name="page"),
    path("api/chat/stream", views.chat, name="chat"),
    path("mindwave/", include("mindwave_django.urls")),
    path("admin/", admin.site.urls),
]
